import { join } from 'node:path';
import { expect } from 'vitest';
import { EventBus } from '../../../src/engine/event-bus.ts';
import type { LockstepConfig } from '../../../src/index.ts';
import type { ControlStore } from '../../../src/protocol/control-store.ts';
import type { EventMap } from '../../../src/protocol/events.ts';
import { Alerting } from '../../../src/service/alerts/alerting.ts';
import { resolveConfig } from '../../../src/service/config/resolve-config.ts';
import type { Lockstep } from '../../../src/service/lockstep.ts';
import { openEngine } from '../../../src/service/open-engine.ts';
import { openEnvironment } from '../../../src/service/secrets/environment.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

type AlertsConfig = NonNullable<LockstepConfig['alerts']>;

/** A process that watches `shop` and `crm`, which it never starts: tests tell its events and write its store. */
export interface Watcher extends AsyncDisposable {
  readonly engine: Lockstep;
  readonly events: EventBus;
  /** `alert state`, as it was told in the process. */
  readonly told: readonly string[];
  readonly undelivered: readonly EventMap['alert.undelivered'][];
  readonly hindered: readonly string[];
  readonly alerting: Alerting;
}

export interface Watched extends AsyncDisposable {
  readonly store: ControlStore;
  readonly storeFile: string;
  watch(alerts: AlertsConfig, more?: WatchOptions): Promise<Watcher>;
  /** Sets keys of `shop` aside. */
  putLetters(...keys: readonly number[]): Promise<void>;
  resolveLetters(...keys: readonly number[]): Promise<void>;
}

export interface WatchOptions {
  readonly ofShop?: object;
  readonly pipelines?: readonly string[];
}

export const brief = {
  lookEverySeconds: 0.05,
  settleSeconds: 0.1,
  timeoutSeconds: 5,
  retry: { initialSeconds: 0.05, maxSeconds: 0.2 },
} as const;

const side = { connector: 'postgres', url: 'postgres://app:pass@127.0.0.1:1/shop' } as const;

export async function openWatched(): Promise<Watched> {
  await using opened = new AsyncDisposableStack();
  const directory = opened.use(await temporaryDirectory());
  const storeFile = join(directory.path, 'lockstep.db');
  const store = opened.use(await openSqliteStore({ path: storeFile }));
  const lease = await store.leases.acquire({ pipeline: 'shop', owner: 'test', durationMs: 600_000 });
  const by = { pipeline: 'shop', fence: lease?.fence ?? 0 };
  const keyOf = (key: number) => `["${key}"]`;
  const kept = opened.move();
  return {
    store,
    storeFile,
    watch: (alerts, more = {}) => watch({ alerts, directory: directory.path, storeFile }, more),
    putLetters: async (...keys) => {
      const letter = { collection: 'orders', code: 'value-refused', message: 'm', failedAtMs: 1 } as const;
      await store.deadLetters.put(
        by,
        keys.map((key) => ({ ...letter, key: keyOf(key) })),
        100,
      );
    },
    resolveLetters: async (...keys) => {
      await store.deadLetters.resolve(by, 'orders', keys.map(keyOf));
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function watch(
  { alerts, directory, storeFile }: { alerts: AlertsConfig; directory: string; storeFile: string },
  { ofShop = {}, pipelines = ['shop'] }: WatchOptions,
): Promise<Watcher> {
  const common = { source: side, destination: side, collections: ['orders'], mode: 'live' };
  const environment = openEnvironment({ variables: {}, cwd: '/', defaultEnvFile: '/nowhere/.env' });
  const config = await resolveConfig(
    {
      pipelines: { shop: { ...common, ...ofShop }, crm: common },
      store: { path: storeFile },
      alerts: { ...brief, ...alerts },
    },
    { environment, directory, file: null },
  );
  await using opened = new AsyncDisposableStack();
  const engine = opened.use(openEngine(config));
  const store = opened.use(await openSqliteStore({ path: storeFile }));
  const { events } = engine;
  if (!(events instanceof EventBus)) throw new Error('the engine’s events can’t be told from here');
  const told: string[] = [];
  const undelivered: EventMap['alert.undelivered'][] = [];
  const hindered: string[] = [];
  events.on('alert', ({ alert, state }) => void told.push(`${alert} ${state}`));
  events.on('alert.undelivered', (event) => void undelivered.push(event));
  events.on('alerts.hindered', ({ message }) => void hindered.push(message));
  const alerting = opened.use(
    new Alerting({
      pipelines: pipelines.flatMap((name) => config.pipelines.get(name) ?? []),
      alerts: config.alerts,
      engine,
      events,
      store: async () => store,
      redact: (text) => text,
    }),
  );
  const kept = opened.move();
  return {
    engine,
    events,
    told,
    undelivered,
    hindered,
    alerting,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

export const eventually = <T>(look: () => T | Promise<T>) =>
  expect.poll(look, { timeout: 10_000, interval: 20 });
