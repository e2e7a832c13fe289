import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MongodbDatabase, openMongodb } from '../../../index.ts';
import { setUpFeatBit } from './featbit.ts';

/** What is needed of the project's server support, which is part of the checkout and not of the published package. */
interface ServerSupport {
  startMongo(options: { readonly signal?: AbortSignal }): Promise<Server>;
}
interface Server extends AsyncDisposable {
  readonly url: string;
}

/** Two real servers, a Bitsacco and a FeatBit as they are after set-up, and the variables of the recipe. */
export interface Stage extends AsyncDisposable {
  readonly bitsacco: MongodbDatabase;
  readonly featbit: MongodbDatabase;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

export async function setStage(signal: AbortSignal): Promise<Stage> {
  // Computed, so that the published package does not try to contain it.
  const support = (await import(
    new URL('../../../../tools/servers/mongo.ts', import.meta.url).href
  )) as ServerSupport;
  await using resources = new AsyncDisposableStack();
  const source = resources.use(await support.startMongo({ signal }));
  const target = resources.use(await support.startMongo({ signal }));
  const bitsacco = resources.use(openMongodb({ url: source.url, database: 'test' }));
  const featbit = resources.use(openMongodb({ url: target.url, database: 'featbit' }));
  const directory = await mkdtemp(join(tmpdir(), 'lockstep-featbit-users-'));
  resources.defer(() => rm(directory, { recursive: true, force: true }));
  await setUpFeatBit(featbit, 'from 5.4.0');
  const kept = resources.move();
  return {
    bitsacco,
    featbit,
    directory,
    environment: {
      BITSACCO_DATABASE_URL: source.url,
      FEATBIT_DATABASE_URL: target.url,
      FEATBIT_TARGET: 'both',
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
