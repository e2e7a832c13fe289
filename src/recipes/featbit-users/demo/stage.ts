import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MongodbDatabase, openMongodb } from '../../../index.ts';
import { startMongoPair } from '../../demo/servers.ts';
import { setUpBitsacco } from './bitsacco.ts';
import { setUpFeatBit } from './featbit.ts';

/** Two real servers, a Bitsacco and a FeatBit as they are after set-up, and the variables of the recipe. */
export interface Stage extends AsyncDisposable {
  readonly bitsacco: MongodbDatabase;
  readonly featbit: MongodbDatabase;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

export async function setStage(signal: AbortSignal): Promise<Stage> {
  await using resources = new AsyncDisposableStack();
  const { source, target } = resources.use(await startMongoPair(signal));
  const bitsacco = resources.use(openMongodb({ url: source.url, database: 'test' }));
  const featbit = resources.use(openMongodb({ url: target.url, database: 'featbit' }));
  const directory = resources.use(await mkdtempDisposable(join(tmpdir(), 'lockstep-featbit-users-')));
  await setUpBitsacco(bitsacco);
  await setUpFeatBit(featbit, 'from 5.4.0');
  const kept = resources.move();
  return {
    bitsacco,
    featbit,
    directory: directory.path,
    environment: {
      BITSACCO_DATABASE_URL: source.url,
      FEATBIT_DATABASE_URL: target.url,
      FEATBIT_TARGET: 'both',
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
