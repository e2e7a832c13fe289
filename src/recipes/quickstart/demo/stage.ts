import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MongodbDatabase, openMongodb, toError } from '../../../index.ts';
import { type Client, startMongo, startPostgresPair } from '../../demo/servers.ts';

/** A database of MongoDB, or why there is none here. */
export type Documents = { readonly database: MongodbDatabase } | { readonly missing: string };

/** Two real servers of different versions, a database on each, clients to look into them, and a directory for the control store. */
export interface Stage extends AsyncDisposable {
  readonly source: Client;
  readonly target: Client;
  readonly documents: Documents;
  /** Another client of the source, for what takes longer. */
  connectSource(): Promise<Client & AsyncDisposable>;
  readonly environment: Readonly<Record<string, string>>;
}

export async function setStage(signal: AbortSignal): Promise<Stage> {
  await using resources = new AsyncDisposableStack();
  const [pair, mongo] = await Promise.allSettled([startPostgresPair(signal), startMongo(signal)]);
  for (const started of [pair, mongo]) if (started.status === 'fulfilled') resources.use(started.value);
  if (pair.status === 'rejected') throw pair.reason;
  signal.throwIfAborted();
  const { source, target } = pair.value;
  await source.createDatabase('shop');
  await target.createDatabase('shop_copy');
  const directory = resources.use(await mkdtempDisposable(join(tmpdir(), 'lockstep-demo-')));
  const clients = {
    source: resources.use(await source.connect('shop')),
    target: resources.use(await target.connect('shop_copy')),
  };
  const documents: Documents =
    mongo.status === 'fulfilled'
      ? { database: resources.use(openMongodb({ url: mongo.value.url, database: 'shop' })) }
      : { missing: toError(mongo.reason).message };
  const kept = resources.move();
  return {
    ...clients,
    documents,
    connectSource: () => source.connect('shop'),
    environment: {
      QUICKSTART_SOURCE: source.url('shop'),
      QUICKSTART_TARGET: target.url('shop_copy'),
      QUICKSTART_STORE: join(directory.path, 'lockstep.db'),
      ...(mongo.status === 'fulfilled' && { QUICKSTART_DOCUMENTS: mongo.value.url }),
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
