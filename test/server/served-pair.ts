import type { Lockstep, PipelineConfig } from '../../src/index.ts';
import { openPair, type Pair } from '../walk/pair.ts';
import { type Served, serve } from './served.ts';

export interface ServedPair extends Served {
  readonly pair: Pair;
  readonly engine: Lockstep;
}

/** Two databases, and the server over an engine between them that runs nothing by itself. */
export async function openServedPair(
  settings: Omit<PipelineConfig, 'source' | 'destination'>,
  sql: string,
): Promise<ServedPair> {
  await using opened = new AsyncDisposableStack();
  const pair = opened.use(await openPair());
  await pair.both(sql);
  const engine = await pair.engine(settings);
  const served = opened.use(await serve(engine));
  const kept = opened.move();
  return { ...served, pair, engine, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
