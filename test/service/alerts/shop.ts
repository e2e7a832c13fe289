import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { type AlertName, type AlertRulesConfig, alertNames } from '../../../src/protocol/alerts.ts';
import { answerOf, lockstep, startLockstep } from '../../cli/lockstep.ts';
import type { Child } from '../../support/child.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { type HttpReceiver, startHttpReceiver } from '../../support/receivers/http-receiver.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/temporary-directory.ts';

export interface ShopOptions {
  readonly rules: AlertRulesConfig;
  /** Default: live by slot. */
  readonly mode?: 'full' | 'incremental' | 'live';
  readonly capture?: 'logical' | 'triggers';
  /** More settings of the pipeline. */
  readonly settings?: object;
  /** Where the control store is; default: beside the configuration. */
  readonly store?: string;
}

/** A pipeline between real servers, run by real processes, whose alerts a pager takes. */
export interface Shop extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  /** Between the engine and the source. */
  readonly proxy: FaultProxy;
  readonly pager: HttpReceiver;
  readonly directory: TemporaryDirectory;
  /** `alert state` of what the pager took. */
  told(): readonly string[];
  /** Starts the service; resolves once it listens. */
  begin(): Promise<Service>;
  /** The same, once the pipeline is ready. */
  start(): Promise<Service>;
  call(...args: readonly string[]): Promise<{ readonly code: number | null; readonly answer: unknown }>;
}

export interface Service extends AsyncDisposable {
  readonly child: Child;
  readonly url: string;
  /** What it answers, as JSON; paths are below `/api/v1/`. */
  ask(path: string): Promise<unknown>;
  /** As a service manager does it; it ends well. */
  stop(): Promise<void>;
}

export async function openShop(options: ShopOptions): Promise<Shop> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase());
  opened.defer(() => dropSlots(source));
  const target = opened.use(await createTestDatabase());
  const proxy = opened.use(await startFaultProxy(source.url));
  const pager = opened.use(await startHttpReceiver());
  const text = configText(options, source.name);
  const directory = opened.use(await temporaryDirectory({ 'lockstep.config.ts': text }));
  await source.query(`CREATE TABLE orders (id int PRIMARY KEY, note text);
    INSERT INTO orders SELECT n, 'n' || n FROM generate_series(1, 100) AS n`);
  const store = options.store === undefined ? {} : { STORE_URL: options.store };
  const env = {
    ...store,
    SOURCE_URL: proxy.url(source.url),
    DESTINATION_URL: target.url,
    PAGER_URL: pager.url,
  };
  const placed = { cwd: directory.path, env };
  const begin = async () => service(startLockstep(['start', '--http', '127.0.0.1:0'], placed));
  const kept = opened.move();
  return {
    source,
    target,
    proxy,
    pager,
    directory,
    told: () => pager.taken.map(({ body }) => `${body['alert']} ${body['state']}`),
    begin,
    start: async () => {
      const begun = await begin();
      await eventually(async () => (await fetch(`${begun.url}/readyz`)).status).toBe(200);
      return begun;
    },
    call: async (...args) => {
      const result = await lockstep([...args, '--json', '--quiet'], placed);
      return { code: result.code, answer: answerOf(result) };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Rules that are not given are off: a machine that is busy may be behind for a second. */
function configText(
  { rules, mode = 'live', capture = 'logical', settings, store }: ShopOptions,
  slot: string,
): string {
  const off = Object.fromEntries(alertNames.map((name: AlertName) => [name, false]));
  const brief = { stallTimeoutMs: 2000, connectTimeoutMs: 2000 };
  const kind = capture === 'logical' ? { kind: capture, slot } : { kind: capture, pollMs: 100 };
  const shop = {
    mode,
    collections: ['public.orders'],
    create: true,
    retry: { initialDelayMs: 20, maxDelayMs: 100 },
    stream: { breakerPauseMs: 200 },
    ...settings,
  };
  const alerts = {
    rules: { ...off, ...rules },
    settleSeconds: 0.5,
    lookEverySeconds: 0.1,
    timeoutSeconds: 3,
    retry: { initialSeconds: 0.1, maxSeconds: 0.3 },
  };
  const side = JSON.stringify({ connector: 'postgres', ...brief });
  return `
import { defineConfig, env } from 'lockstep';
const side = ${side} as const;
export default defineConfig({
  pipelines: {
    shop: {
      ...${JSON.stringify(shop)},
      source: { ...side, url: env('SOURCE_URL')${mode === 'live' ? `, capture: ${JSON.stringify(kind)}` : ''} },
      destination: { ...side, url: env('DESTINATION_URL') },
    },
  },
${store === undefined ? '' : "  store: { url: env('STORE_URL') },\n"}  alerts: {
    ...${JSON.stringify(alerts)},
    targets: { pager: { kind: 'webhook', url: env('PAGER_URL'), secret: 'signing-canary' } },
  },
});
`;
}

async function service(child: Child): Promise<Service> {
  const { http: url }: { http: string } = JSON.parse(await child.waitForLine('"msg":"started"'));
  return {
    child,
    url,
    ask: async (path) => (await fetch(`${url}/api/v1/${path}`)).json(),
    stop: async () => {
      expect((await child.kill('SIGTERM')).code).toBe(0);
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** A slot holds its database. */
async function dropSlots(source: TestDatabase): Promise<void> {
  for (let left = 100; ; left -= 1) {
    const mine = 'WHERE database = current_database()';
    const { rows } = await source.query(`SELECT slot_name FROM pg_replication_slots ${mine}`);
    if (rows.length === 0) return;
    if (left === 0) throw new Error('a slot stays in use');
    await source.query(
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots ${mine} AND NOT active`,
    );
    await delay(50);
  }
}

export const eventually = <T>(look: () => T | Promise<T>) =>
  expect.poll(look, { timeout: 60_000, interval: 50 });

/** It fires (or nothing does), and the target's answer is saved: what is not may come twice after a death. */
export const settled = (service: Service, alert: string | null): Promise<void> =>
  eventually(() => service.ask('alerts')).toMatchObject({
    pipelines: [{ alerts: alert === null ? [] : [{ alert, state: 'firing' }], waiting: [] }],
  });

export const rowsAt = async ({ target }: Shop): Promise<number> =>
  (await target.query<{ n: number }>('SELECT count(*)::int AS n FROM orders')).rows[0]?.n ?? 0;
