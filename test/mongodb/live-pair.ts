import type { Lockstep, PipelineConfig } from '../../src/index.ts';
import { EventLog } from '../faults/support/event-log.ts';
import { exportDocuments } from '../support/mongo-export.ts';
import { startPipeline } from '../support/started-pipeline.ts';
import type { MongoPair } from './pair.ts';

type Settings = Omit<PipelineConfig, 'source' | 'destination' | 'mode'>;

/** A live pipeline that runs. */
export interface Live extends AsyncDisposable {
  readonly engine: Lockstep;
  readonly log: EventLog;
  /** Fails with what the pipeline died of. */
  until(what: string, condition: () => Promise<boolean> | boolean): Promise<void>;
  caughtUp(): Promise<void>;
  /** Both sides have the same documents, by the independent judge; returns how many. */
  same(...collections: readonly string[]): Promise<number>;
  /** Drains and ends; throws what it failed with. */
  stop(): Promise<void>;
}

const patienceMs = 30_000;
const recorded = [
  'status',
  'gap',
  'barrier',
  'healed',
  'window.applied',
  'retry',
  'notice',
  'guard.raised',
  'dead-letter.put',
  'partition.finished',
  'collection.status',
] as const;

export async function startLive(
  pair: MongoPair,
  settings: Settings,
  sides: Parameters<MongoPair['engine']>[1] = {},
): Promise<Live> {
  const retry = { attempts: 100, initialDelayMs: 20, maxDelayMs: 200 };
  const stream = { breakerPauseMs: 200 };
  const engine = await pair.engine({ retry, stream, ...settings, mode: 'live' }, sides);
  const log = new EventLog(engine.events, recorded);
  const started = startPipeline(engine, { patienceMs, status: () => log.all('status').at(-1) });
  const { until, stop } = started;
  return {
    engine,
    log,
    until,
    caughtUp: () => until('it is live', () => log.all('status').at(-1)?.status === 'live'),
    same: async (...collections) => {
      let count = 0;
      await until(`the same in ${collections.join(', ')}`, async () => {
        const all = await Promise.all(collections.map((name) => bothSides(pair, name)));
        count = all.reduce((sum, [here]) => sum + here.length, 0);
        return all.every(([here, there]) => here.join() === there.join());
      });
      return count;
    },
    stop,
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}

const bothSides = ({ source, target }: MongoPair, name: string) =>
  Promise.all([exportDocuments(source, name), exportDocuments(target, name)]);
