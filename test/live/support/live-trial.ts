import {
  createLockstep,
  type DestinationConfig,
  type Lockstep,
  type PipelineConfig,
  type SourceConfig,
} from '../../../src/index.ts';
import { EventLog } from '../../faults/support/event-log.ts';
import { expectSameTable } from '../../support/export.ts';
import { startPipeline } from '../../support/started-pipeline.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { type Side, sharedSide } from './side.ts';

type PostgresSide<Side> = Extract<Side, { readonly connector: 'postgres' }>;

export type Capture = 'logical' | 'triggers';
export const captures = ['logical', 'triggers'] as const;

export interface LiveTrialOptions {
  readonly capture?: Capture;
  /** Default: a database of its own on the shared server of version 17, and of 18 for the target. They belong to the caller. */
  readonly source?: Side;
  readonly target?: Side;
}

type Settings = Omit<PipelineConfig, 'source' | 'destination' | 'mode'>;

export interface Ways {
  /** Another way to the source or target: through a proxy, as another role. */
  readonly source?: string;
  readonly target?: string;
  readonly sourceConfig?: Partial<Omit<PostgresSide<SourceConfig>, 'connector'>>;
  readonly targetConfig?: Partial<Omit<PostgresSide<DestinationConfig>, 'connector'>>;
  readonly captureConfig?: Readonly<Record<string, unknown>>;
}

/** Two databases, a control store, and a live pipeline `it` between them whose network, servers and rights a test may break. */
export interface LiveTrial extends AsyncDisposable {
  readonly source: Side;
  readonly target: Side;
  readonly directory: string;
  both(sql: string): Promise<void>;
  /** Starts the pipeline as a new process would, and waits until it is live. */
  start(settings: Settings, ways?: Ways): Promise<LiveRun>;
  begin(settings: Settings, ways?: Ways): Promise<LiveRun>;
  /** The judge's word, over connections that no fault touches. */
  expectSame(...tables: readonly string[]): Promise<number>;
}

export interface LiveRun extends AsyncDisposable {
  readonly engine: Lockstep;
  readonly log: EventLog;
  /** Fails with what the pipeline died of, or after some time with what it does. */
  until(what: string, condition: () => Promise<boolean> | boolean): Promise<void>;
  /** The newest status that was told. */
  readonly status: { readonly status: string; readonly reason: string; readonly nextStep: string };
  readonly lag: string;
  live(): Promise<void>;
  /** Both sides have the same rows in these tables. */
  inStep(...tables: readonly string[]): Promise<void>;
  /** `key state` of all letters, sorted. */
  letters(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Short enough for a test: everything that stands for a fault is longer than all of these together. */
export const brief = {
  retry: { attempts: 3, initialDelayMs: 20, maxDelayMs: 100 },
  stream: { breakerPauseMs: 200, breakerFailures: 3 },
};
export const briefSide = { stallTimeoutMs: 800, connectTimeoutMs: 800 };

const patienceMs = 40_000;
const recorded = [
  'status',
  'copy.way',
  'lag',
  'retry',
  'notice',
  'gap',
  'barrier',
  'healed',
  'failed',
  'collection.status',
  'dead-letter.put',
  'dead-letter.resolved',
  'guard.raised',
  'window.applied',
  'breaker.opened',
  'breaker.closed',
  'throttle',
] as const;

export async function openLiveTrial(options: LiveTrialOptions = {}): Promise<LiveTrial> {
  const { capture = 'logical' } = options;
  await using opened = new AsyncDisposableStack();
  const source = options.source ?? opened.use(await sharedSide(17));
  const target = options.target ?? opened.use(await sharedSide(18));
  const { path: directory } = opened.use(await temporaryDirectory());
  const begin = async (settings: Settings, ways: Ways = {}): Promise<LiveRun> => {
    const kind =
      capture === 'logical' ? { kind: capture, slot: nameOf(source.url) } : { kind: capture, pollMs: 100 };
    const pipeline = {
      ...brief,
      ...settings,
      mode: 'live',
      source: {
        connector: 'postgres',
        url: ways.source ?? source.url,
        ...briefSide,
        ...ways.sourceConfig,
        capture: { ...kind, ...ways.captureConfig },
      },
      destination: {
        connector: 'postgres',
        url: ways.target ?? target.url,
        ...briefSide,
        ...ways.targetConfig,
      },
    } as PipelineConfig;
    return run(await createLockstep({ pipelines: { it: pipeline } }, { directory, env: {} }), {
      source,
      target,
    });
  };
  const kept = opened.move();
  return {
    source,
    target,
    directory,
    both: async (sql) => {
      await Promise.all([source.query(sql), target.query(sql)]);
    },
    begin,
    start: async (settings, ways) => {
      const running = await begin(settings, ways);
      try {
        await running.live();
      } catch (error) {
        await running[Symbol.asyncDispose]();
        throw error;
      }
      return running;
    },
    expectSame: async (...tables) => {
      let rows = 0;
      for (const table of tables)
        rows += await expectSameTable({ url: source.url, table }, { url: target.url, table });
      return rows;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const nameOf = (url: string): string => new URL(url).pathname.slice(1);

function run(engine: Lockstep, sides: Pick<LiveTrial, 'source' | 'target'>): LiveRun {
  const log = new EventLog(engine.events, recorded);
  const status = (): LiveRun['status'] =>
    log.all('status').at(-1) ?? { status: 'none', reason: '', nextStep: '' };
  const started = startPipeline(engine, { patienceMs, status });
  const { until, stop } = started;
  return {
    engine,
    log,
    until,
    get status() {
      return status();
    },
    get lag() {
      return log.all('lag').at(-1)?.lag.kind ?? 'none';
    },
    live: () => until('it is live', () => status().status === 'live'),
    inStep: (...tables) => until(`${tables.join(', ')} are the same`, () => areSame(sides, tables)),
    letters: async () => {
      const { letters } = await engine.letters('it');
      return letters.map(({ key, state }) => `${key} ${state}`).toSorted();
    },
    stop,
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}

async function areSame(
  { source, target }: Pick<LiveTrial, 'source' | 'target'>,
  tables: readonly string[],
): Promise<boolean> {
  const sums = tables.map(
    (name) =>
      `SELECT '${name}' AS name, count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) AS sum FROM ${name} t`,
  );
  const sql = sums.join(' UNION ALL ');
  const [one, other] = await Promise.all([source.query(sql), target.query(sql)]);
  return JSON.stringify(one) === JSON.stringify(other);
}
