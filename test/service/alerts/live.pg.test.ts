import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { answerOf, lockstep, startLockstep } from '../../cli/lockstep.ts';
import type { Child } from '../../support/child.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { type HttpReceiver, startHttpReceiver } from '../../support/receivers/http-receiver.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../support/temporary-directory.ts';

const config = `
import { defineConfig, env } from 'lockstep';
export default defineConfig({
  pipelines: {
    shop: {
      mode: 'live',
      source: { connector: 'postgres', url: env('SOURCE_URL'), stallTimeoutMs: 800, connectTimeoutMs: 800 },
      destination: { connector: 'postgres', url: env('DESTINATION_URL'), stallTimeoutMs: 800, connectTimeoutMs: 800 },
      collections: ['public.orders'],
      create: true,
      retry: { initialDelayMs: 20, maxDelayMs: 100 },
      stream: { breakerPauseMs: 200 },
    },
  },
  alerts: {
    targets: { pager: { kind: 'webhook', url: env('PAGER_URL'), secret: 'signing-canary' } },
    rules: {
      lag: { threshold: 1, forSeconds: 0.2 },
      stalled: { threshold: 0.5, forSeconds: 4 },
      disconnected: { threshold: 1 },
      failing: false,
      errorRate: false,
    },
    settleSeconds: 0.5,
    lookEverySeconds: 0.1,
    timeoutSeconds: 0.5,
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

async function openShop(): Promise<Shop> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase());
  opened.defer(() => dropSlots(source));
  const target = opened.use(await createTestDatabase());
  const proxy = opened.use(await startFaultProxy(source.url));
  const pager = opened.use(await startHttpReceiver());
  const directory = opened.use(await temporaryDirectory({ 'lockstep.config.ts': config }));
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

test('dead letters, a lag and a source that is away are told once each, and once when they are over', async () => {
  await using shop = await openShop();
  await using child = await shop.start();

  await shop.target.query("ALTER TABLE orders ADD CONSTRAINT no_poison CHECK (note <> 'poison')");
  await shop.source.query("INSERT INTO orders VALUES (101, 'poison')");
  await eventually(shop.told).toEqual(['deadLetters firing']);
  expect(await shop.call('alerts', 'list')).toMatchObject({
    code: 2,
    answer: {
      ok: false,
      result: [
        {
          pipeline: 'shop',
          alerts: expect.arrayContaining([
            expect.objectContaining({ alert: 'deadLetters', state: 'firing' }),
          ]),
          waiting: [],
        },
      ],
    },
  });
  expect(await shop.call('status')).toMatchObject({
    answer: { result: [{ alerts: [{ alert: 'deadLetters' }] }] },
  });
  await shop.target.query('ALTER TABLE orders DROP CONSTRAINT no_poison');
  await shop.call('dead-letters', 'shop', 'replay', '--all');
  await eventually(shop.told).toEqual(['deadLetters firing', 'deadLetters resolved']);

  const locker = await shop.target.connect();
  await locker.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
  await shop.source.query("INSERT INTO orders VALUES (102, 'late')");
  await eventually(() => shop.told().slice(2)).toEqual(['lag firing', 'stalled firing']);
  await locker.query('ROLLBACK');
  await eventually(() => shop.told().slice(4).toSorted()).toEqual(['lag resolved', 'stalled resolved']);
  await eventually(() => rowsAt(shop)).toBe(102);

  const before = shop.told().length;
  shop.proxy.halfOpen();
  await eventually(() => shop.told().slice(before)).toEqual(['disconnected firing']);
  await shop.proxy.heal();
  await eventually(() => shop.told().slice(before)).toEqual(['disconnected firing', 'disconnected resolved']);
  await shop.source.query("INSERT INTO orders VALUES (103, 'back')");
  await eventually(() => rowsAt(shop)).toBe(103);

  expect((await child.kill('SIGTERM')).code).toBe(0);
  const told = shop.told();
  for (const alert of ['deadLetters', 'lag', 'stalled', 'disconnected'])
    expect(told.filter((each) => each.startsWith(`${alert} `))).toEqual([
      `${alert} firing`,
      `${alert} resolved`,
    ]);
  expect(child.stdout).not.toMatch(/canary|planted-path/);
}, 180_000);

test('killed between firing and delivery, it tells once when it is back', async () => {
  await using shop = await openShop();
  shop.pager.behave({ kind: 'cut' });
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
  const ids = new Set(shop.pager.taken.map(({ headers }) => headers['x-lockstep-delivery']));
  expect(ids.size).toBe(2);
  expect((await child.kill('SIGTERM')).code).toBe(0);
  expect(await shop.call('remove', 'shop', '--yes')).toMatchObject({ code: 0 });
  expect(await shop.call('alerts', 'list')).toMatchObject({
    code: 0,
    answer: { result: [{ alerts: [], waiting: [] }] },
  });
}, 180_000);
