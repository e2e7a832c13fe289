import { setTimeout as delay } from 'node:timers/promises';
import type { Lockstep, PipelineConfig } from '../../src/index.ts';
import type { EventMap } from '../../src/protocol/events.ts';
import { startPipeline } from '../support/started-pipeline.ts';
import { openPair, type Pair, type PairOptions } from '../walk/pair.ts';

type Settings = Omit<PipelineConfig, 'source' | 'destination' | 'mode'>;

export interface LivePairOptions extends PairOptions {
  readonly capture?: 'logical' | 'triggers';
}

/** Two databases with a live pipeline `it` between them. */
export interface LivePair extends Pair {
  readonly capture: 'logical' | 'triggers';
  /** Starts the pipeline, as a new process would, and waits until it has caught up. */
  start(settings: Settings): Promise<RunningPipeline>;
  /** The same without waiting for anything. */
  begin(settings: Settings): Promise<RunningPipeline>;
}

export interface RunningPipeline extends AsyncDisposable {
  readonly engine: Lockstep;
  readonly told: { readonly [Name in keyof EventMap]?: readonly EventMap[Name][] };
  /** Resolves when the condition holds; fails with what the pipeline died of, or after 20 s with what it does. */
  until(what: string, condition: () => Promise<boolean> | boolean): Promise<void>;
  caughtUp(): Promise<void>;
  /** Everything that is committed at the source by now is at the destination. */
  inStep(): Promise<void>;
  /** Drains and ends; throws what it failed with. */
  stop(): Promise<void>;
}

const patienceMs = 40_000;
const recorded = [
  'status',
  'gap',
  'barrier',
  'healed',
  'collection.status',
  'dead-letter.put',
  'dead-letter.resolved',
  'guard.raised',
  'window.applied',
  'keys.applied',
  'lag',
  'retry',
  'failed',
  'notice',
] as const;

export async function openLivePair({
  capture = 'logical',
  ...options
}: LivePairOptions = {}): Promise<LivePair> {
  const pair = await openPair(options);
  const begin = async (settings: Settings): Promise<RunningPipeline> => {
    const source = {
      connector: 'postgres',
      url: pair.source.url,
      capture: captureOf(pair, capture),
    } as const;
    const engine = await pair.engine({ ...settings, mode: 'live' }, { source });
    return run(engine, pair);
  };
  return {
    ...pair,
    capture,
    begin,
    start: async (settings) => {
      const running = await begin(settings);
      try {
        await running.caughtUp();
      } catch (error) {
        await running[Symbol.asyncDispose]();
        throw error;
      }
      return running;
    },
    [Symbol.asyncDispose]: async () => {
      // A slot holds its database.
      await dropSlots(pair);
      await pair[Symbol.asyncDispose]();
    },
  };
}

/** Slots are the server's, not the database's. */
const captureOf = ({ source }: Pair, kind: 'logical' | 'triggers') =>
  kind === 'triggers' ? { kind } : { kind, slot: new URL(source.url).pathname.slice(1) };

async function dropSlots({ source }: Pair): Promise<void> {
  const mine = `database = current_database()`;
  await source.query(
    `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE ${mine} AND active`,
  );
  for (let left = 50; left > 0; left -= 1) {
    try {
      await source.query(
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE ${mine}`,
      );
      return;
    } catch (error) {
      if (left === 1) throw error;
      await delay(50);
    }
  }
}

function run(engine: Lockstep, pair: Pair): RunningPipeline {
  const told: { [name: string]: unknown[] } = {};
  for (const name of recorded) {
    const events: unknown[] = [];
    told[name] = events;
    engine.events.on(name, (event) => void events.push(event));
  }
  const latest = (): unknown => told['status']?.at(-1);
  const started = startPipeline(engine, { patienceMs, status: latest });
  const { until, stop } = started;
  const status = (): string | undefined => (latest() as EventMap['status'] | undefined)?.status;
  return {
    engine,
    told: told as RunningPipeline['told'],
    until,
    caughtUp: () => until('it is live', () => status() === 'live'),
    inStep: async () => {
      // A row of its own in a table that is not captured would say nothing: what counts is the position at the destination.
      const marker = await markerOf(pair);
      await until('the destination has what the source had', async () => (await marker.passed()) === true);
    },
    stop,
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}

/** Both sides have the same rows for two looks in a row, by a count and hash of every captured table. */
async function markerOf({ source, target }: Pair): Promise<{ passed(): Promise<boolean> }> {
  const { rows } = await source.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  );
  const sums = (name: string) =>
    `SELECT count(*)::text || coalesce(sum(hashtextextended(t::text, 0))::text, '') AS sum FROM ${name} t`;
  const sumOf = async (side: Pair['source'], name: string): Promise<string | null> => {
    const { rows: found } = await side.query<{ known: boolean }>(
      `SELECT to_regclass('${name}') IS NOT NULL AS known`,
    );
    if (found[0]?.known !== true) return null;
    return (await side.query<{ sum: string }>(sums(name))).rows[0]?.sum ?? null;
  };
  return {
    passed: async () => {
      for (const { name } of rows)
        if ((await sumOf(source, name)) !== (await sumOf(target, name))) return false;
      return true;
    },
  };
}
