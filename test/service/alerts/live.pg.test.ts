import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { answerOf, lockstep, startLockstep } from '../../cli/lockstep.ts';
import type { Child } from '../../support/child.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { type HttpReceiver, startHttpReceiver } from '../../support/receivers/http-receiver.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/temporary-directory.ts';

/** All other rules are off: a machine that is busy may be behind for a second. */
const configWith = (rules: string): string => `
import { defineConfig, env } from 'lockstep';
export default defineConfig({
  pipelines: {
    shop: {
      mode: 'live',
      source: { connector: 'postgres', url: env('SOURCE_URL'), stallTimeoutMs: 2000, connectTimeoutMs: 2000 },
      destination: { connector: 'postgres', url: env('DESTINATION_URL'), stallTimeoutMs: 2000, connectTimeoutMs: 2000 },
      collections: ['public.orders'],
      create: true,
      retry: { initialDelayMs: 20, maxDelayMs: 100 },
      stream: { breakerPauseMs: 200 },
    },
  },
  alerts: {
    targets: { pager: { kind: 'webhook', url: env('PAGER_URL'), secret: 'signing-canary' } },
    rules: {
      failed: false, disconnected: false, failing: false, stalled: false, lag: false, errorRate: false,
      deadLetters: false, guardWaiting: false, sourceForgets: false, drift: false,
      ${rules}
    },
    settleSeconds: 0.5,
    lookEverySeconds: 0.1,
    timeoutSeconds: 3,
    retry: { initialSeconds: 0.1, maxSeconds: 0.3 },
  },
});
`;

interface Shop extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  /** Between the engine and the source. */
  readonly proxy: FaultProxy;
  readonly pager: HttpReceiver;
  readonly directory: TemporaryDirectory;
  /** `alert state` of what the pager took. */
  told(): readonly string[];
  start(): Promise<Child>;
  call(...args: readonly string[]): Promise<{ readonly code: number | null; readonly answer: unknown }>;
}

async function openShop(rules: string): Promise<Shop> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase());
  opened.defer(() => dropSlots(source));
  const target = opened.use(await createTestDatabase());
  const proxy = opened.use(await startFaultProxy(source.url));
  const pager = opened.use(await startHttpReceiver());
  const directory = opened.use(await temporaryDirectory({ 'lockstep.config.ts': configWith(rules) }));
  await source.query(`CREATE TABLE orders (id int PRIMARY KEY, note text);
    INSERT INTO orders SELECT n, 'n' || n FROM generate_series(1, 100) AS n`);
  const env = { SOURCE_URL: proxy.url(source.url), DESTINATION_URL: target.url, PAGER_URL: pager.url };
  const options = { cwd: directory.path, env };
  const kept = opened.move();
  return {
    source,
    target,
    proxy,
    pager,
    directory,
    told: () => pager.taken.map(({ body }) => `${body['alert']} ${body['state']}`),
    start: async () => {
      const child = startLockstep(['start', '--http', '127.0.0.1:0'], options);
      const { http }: { http: string } = JSON.parse(await child.waitForLine('"msg":"started"'));
      await eventually(async () => (await fetch(`${http}/readyz`)).status).toBe(200);
      return child;
    },
    call: async (...args) => {
      const result = await lockstep([...args, '--json', '--quiet'], options);
      return { code: result.code, answer: answerOf(result) };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
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

const eventually = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 30_000, interval: 50 });

const rowsAt = async ({ target }: Shop): Promise<number> =>
  (await target.query<{ n: number }>('SELECT count(*)::int AS n FROM orders')).rows[0]?.n ?? 0;

test('dead letters are told once, and once when they are over', async () => {
  await using shop = await openShop('deadLetters: true');
  await using child = await shop.start();
  await shop.target.query("ALTER TABLE orders ADD CONSTRAINT no_poison CHECK (note <> 'poison')");
  await shop.source.query("INSERT INTO orders VALUES (101, 'poison')");
  await eventually(shop.told).toEqual(['deadLetters firing']);
  expect(await shop.call('alerts', 'list')).toMatchObject({
    code: 2,
    answer: {
      ok: false,
      result: [{ pipeline: 'shop', alerts: [{ alert: 'deadLetters', state: 'firing' }], waiting: [] }],
    },
  });
  expect(await shop.call('status')).toMatchObject({
    answer: { result: [{ alerts: [{ alert: 'deadLetters' }] }] },
  });
  await shop.target.query('ALTER TABLE orders DROP CONSTRAINT no_poison');
  await shop.call('dead-letters', 'shop', 'replay', '--all');
  await eventually(shop.told).toEqual(['deadLetters firing', 'deadLetters resolved']);
  expect((await child.kill('SIGTERM')).code).toBe(0);
  expect(shop.told()).toHaveLength(2);
  expect(child.stdout).not.toMatch(/canary|planted-path/);
}, 120_000);

test('a lock at the destination is told as lag and then as a stall, and both are over when it is gone', async () => {
  await using shop = await openShop(
    'lag: { threshold: 1, forSeconds: 0.2 }, stalled: { threshold: 0.5, forSeconds: 6 },',
  );
  await using child = await shop.start();
  const locker = await shop.target.connect();
  await locker.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
  await shop.source.query("INSERT INTO orders VALUES (102, 'late')");
  await eventually(() => shop.told().slice(-2)).toEqual(['lag firing', 'stalled firing']);
  await locker.query('ROLLBACK');
  await eventually(() => shop.told().slice(-2).toSorted()).toEqual(['lag resolved', 'stalled resolved']);
  await eventually(() => rowsAt(shop)).toBe(101);
  expect((await child.kill('SIGTERM')).code).toBe(0);
}, 120_000);

test('a source that is away is told once, and once when it is back', async () => {
  await using shop = await openShop('disconnected: { threshold: 5 }');
  await using child = await shop.start();
  shop.proxy.halfOpen();
  await eventually(() => shop.told().at(-1)).toBe('disconnected firing');
  await shop.proxy.heal();
  await eventually(() => shop.told().at(-1)).toBe('disconnected resolved');
  await shop.source.query("INSERT INTO orders VALUES (103, 'back')");
  await eventually(() => rowsAt(shop)).toBe(101);
  expect((await child.kill('SIGTERM')).code).toBe(0);
  // A machine that is busy may have been silent for so long before: then there is one pair more, never half of one.
  expectPairs(shop.told(), 'disconnected');
}, 120_000);

/** Firing and resolved alternate. */
function expectPairs(told: readonly string[], alert: string): void {
  const wanted = told.map((_, index) => `${alert} ${index % 2 === 0 ? 'firing' : 'resolved'}`);
  expect(told).toEqual(wanted);
}

test('killed while a target is being told, it tells that with the same id when it is back, and nothing else', async () => {
  await using shop = await openShop('deadLetters: true');
  shop.pager.behave({ kind: 'hang' });
  {
    await using child = await shop.start();
    await shop.target.query("ALTER TABLE orders ADD CONSTRAINT no_poison CHECK (note <> 'poison')");
    await shop.source.query("INSERT INTO orders VALUES (101, 'poison')");
    await child.waitForLine(/"event":"alert".*alert deadLetters/);
    await eventually(() => shop.pager.asked.length).toBeGreaterThan(0);
    await child.kill('SIGKILL');
  }
  expect(await shop.call('alerts', 'list')).toMatchObject({
    code: 2,
    answer: { result: [{ alerts: [{ alert: 'deadLetters' }], waiting: [{ target: 'pager', messages: 1 }] }] },
  });
  shop.pager.behave({ kind: 'answer', status: 200 });
  await using child = await shop.start();
  await eventually(shop.told).toEqual(['deadLetters firing']);
  await shop.target.query('ALTER TABLE orders DROP CONSTRAINT no_poison');
  await shop.call('dead-letters', 'shop', 'replay', '--all');
  await eventually(shop.told).toEqual(['deadLetters firing', 'deadLetters resolved']);
  const idOf = ({ headers }: { headers: { readonly [name: string]: unknown } }) =>
    headers['x-lockstep-delivery'];
  const [first, last] = shop.pager.taken.map(idOf);
  expect(new Set(shop.pager.asked.map(idOf))).toEqual(new Set([first, last]));
  expect(idOf(shop.pager.asked[0] ?? { headers: {} })).toBe(first);
  expect((await child.kill('SIGTERM')).code).toBe(0);
  expect(await shop.call('remove', 'shop', '--yes')).toMatchObject({ code: 0 });
  expect(await shop.call('alerts', 'list')).toMatchObject({
    code: 0,
    answer: { result: [{ alerts: [], waiting: [] }] },
  });
}, 180_000);
