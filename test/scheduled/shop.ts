import { join } from 'node:path';
import { createLockstep, type Lockstep, type PipelineConfig, type RunEntry } from '../../src/index.ts';
import type { ControlStore } from '../../src/protocol/control-store.ts';
import type { EventMap, EventName } from '../../src/protocol/events.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';

export interface Shop extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly directory: TemporaryDirectory;
  /** Another handle on the store, as another process has it. */
  readonly store: ControlStore;
}

/** One table, equal on both sides but for what a test adds. */
export async function openShop(): Promise<Shop> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase());
  const target = opened.use(await createTestDatabase());
  const directory = opened.use(await temporaryDirectory());
  const table = 'CREATE TABLE items (id int PRIMARY KEY, name text)';
  await source.query(`${table}; INSERT INTO items SELECT n, 'n' || n FROM generate_series(1, 20) AS n`);
  await target.query(table);
  const path = join(directory.path, '.lockstep', 'lockstep.db');
  const store = opened.use(await openSqliteStore({ path }));
  const kept = opened.move();
  return { source, target, directory, store, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

export const pipelineOf = (
  { source, target }: Pick<Shop, 'source' | 'target'>,
  schedule: PipelineConfig['schedule'],
) => ({
  source: { connector: 'postgres' as const, url: source.url },
  destination: { connector: 'postgres' as const, url: target.url },
  collections: { 'public.items': { scope: 'all' as const } },
  retry: { attempts: 1 },
  schedule,
});

export interface Running extends AsyncDisposable {
  readonly engine: Lockstep;
  readonly heard: { readonly [Name in 'status' | 'failed' | 'run.near-interval']: readonly EventMap[Name][] };
  /** Newest first. */
  runs(): Promise<readonly RunEntry[]>;
  /** Drains it; rejects if it failed. */
  stop(): Promise<void>;
}

/** `start` of the pipeline in this process. */
export async function startShop(shop: Shop, schedule: PipelineConfig['schedule']): Promise<Running> {
  const pipelines = { shop: pipelineOf(shop, schedule) };
  const engine = await createLockstep({ pipelines }, { directory: shop.directory.path, env: {} });
  const listen = <Name extends EventName>(name: Name): EventMap[Name][] => {
    const list: EventMap[Name][] = [];
    engine.events.on(name, (event) => list.push(event));
    return list;
  };
  const heard = {
    status: listen('status'),
    failed: listen('failed'),
    'run.near-interval': listen('run.near-interval'),
  };
  const stopping = new AbortController();
  const ended = engine.start('shop', { signal: stopping.signal });
  ended.catch(() => {}); // whoever stops it hears of it
  return {
    engine,
    heard,
    runs: async () => (await engine.runs('shop')).runs,
    stop: async () => {
      stopping.abort();
      await ended;
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await Promise.allSettled([ended]);
      await engine[Symbol.asyncDispose]();
    },
  };
}
