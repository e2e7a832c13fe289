import { expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { answerOf, lockstep, startLockstep } from './lockstep.ts';

const config = `
import { defineConfig, env } from 'lockstep';
export default defineConfig({
  pipelines: {
    shop: {
      source: { connector: 'postgres', url: env('SOURCE_URL') },
      destination: { connector: 'postgres', url: env('DESTINATION_URL') },
      collections: ['public.orders'],
      create: true,
    },
  },
});
`;

interface Shop extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly directory: TemporaryDirectory;
  readonly env: Readonly<Record<string, string>>;
}

async function openShop(): Promise<Shop> {
  const opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase());
  const target = opened.use(await createTestDatabase());
  const directory = opened.use(await temporaryDirectory({ 'lockstep.config.ts': config }));
  await source.query(`CREATE TABLE orders (id int PRIMARY KEY, total numeric NOT NULL);
    INSERT INTO orders SELECT n, n * 1.10 FROM generate_series(1, 1000) AS n;
    ANALYZE orders`);
  const env = { SOURCE_URL: source.url, DESTINATION_URL: target.url };
  return { source, target, directory, env, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

const call = async (shop: Shop, ...args: readonly string[]) => {
  const result = await lockstep([...args, '--json', '--quiet'], { cwd: shop.directory.path, env: shop.env });
  if (result.code === null || result.code === 1)
    throw new Error(`${args.join(' ')}: ${JSON.stringify(result)}`);
  return { code: result.code, answer: answerOf(result) };
};

test('check, plan, run, status, verify and remove, from an empty target to an equal one', async () => {
  await using shop = await openShop();
  const check = await call(shop, 'check');
  expect(check).toMatchObject({
    code: 0,
    answer: { ok: true, command: 'check', result: [{ pipeline: 'shop', ok: true }] },
  });

  const plan = await call(shop, 'plan');
  expect(plan).toMatchObject({
    code: 2,
    answer: { ok: false, result: { inStep: false, collections: [{ insert: 1000, update: 0, leave: 0 }] } },
  });
  expect((await shop.target.query("SELECT to_regclass('public.orders') AS made")).rows).toEqual([
    { made: null },
  ]);

  const run = await call(shop, 'run');
  expect(run).toMatchObject({
    code: 0,
    answer: { ok: true, result: { result: 'equal', collections: [{ copied: 1000 }] } },
  });
  expect(await call(shop, 'plan')).toMatchObject({ code: 0, answer: { result: { inStep: true } } });
  expect(await call(shop, 'verify')).toMatchObject({ code: 0, answer: { result: { equal: true } } });
  const status = await call(shop, 'status');
  expect(status).toMatchObject({
    code: 0,
    answer: { result: [{ pipeline: 'shop', lastRun: { result: 'equal' } }] },
  });

  const removed = await call(shop, 'remove', 'shop', '--yes');
  expect(removed).toMatchObject({ code: 0, answer: { ok: true, result: { pipeline: 'shop', left: [] } } });
  expect((await shop.target.query('SELECT count(*)::int FROM orders')).rows).toEqual([{ count: 1000 }]);
}, 60_000);

test('verify names what differs and repair writes it', async () => {
  await using shop = await openShop();
  await call(shop, 'run');
  await shop.target.query('DELETE FROM orders WHERE id = 7; UPDATE orders SET total = 0 WHERE id IN (8, 9)');
  expect(await call(shop, 'verify')).toMatchObject({
    code: 2,
    answer: {
      ok: false,
      result: { equal: false, collections: [{ missing: 1, different: 2, samples: { missing: ['["7"]'] } }] },
    },
  });
  expect((await call(shop, 'verify', '--repair')).answer).toMatchObject({
    result: { repaired: { inserted: 1, updated: 2 } },
  });
  expect(await call(shop, 'verify')).toMatchObject({ code: 0, answer: { ok: true } });
}, 60_000);

test('what a guard holds exits with 2 until it is approved', async () => {
  await using shop = await openShop();
  await call(shop, 'run');
  await shop.source.query('DELETE FROM orders WHERE id <= 500');
  expect(await call(shop, 'run')).toMatchObject({
    code: 2,
    answer: { ok: false, result: { result: 'pending' } },
  });
  expect(await call(shop, 'status')).toMatchObject({ code: 2 });
  expect(await call(shop, 'approve', '--collection', 'ordres')).toMatchObject({
    code: 3,
    answer: { error: { code: 'usage', message: expect.stringContaining('did you mean public.orders?') } },
  });
  expect(await call(shop, 'plan')).toMatchObject({
    answer: { result: { collections: [{ guarded: true }] } },
  });
  const approved = await call(shop, 'approve', 'shop');
  expect(approved).toMatchObject({
    code: 0,
    answer: { result: { approved: [expect.stringContaining('orders')] } },
  });
  expect(await call(shop, 'plan')).toMatchObject({
    answer: { result: { collections: [{ leave: 500, guarded: false }] } },
  });
  expect(await call(shop, 'run')).toMatchObject({ code: 0, answer: { result: { result: 'equal' } } });
  expect((await shop.target.query('SELECT count(*)::int FROM orders')).rows).toEqual([{ count: 500 }]);
}, 60_000);

test('wrong passwords, databases and collections say so and exit as documented (rule 6)', async () => {
  await using shop = await openShop();
  const wrongDatabase = { ...shop, env: { ...shop.env, SOURCE_URL: `${shop.source.url}_none` } };
  expect(await call(wrongDatabase, 'run')).toMatchObject({
    code: 4,
    answer: { error: { code: 'database-unknown' } },
  });
  const status = await lockstep(['status', '--json'], { cwd: shop.directory.path, env: shop.env });
  expect(status.code).toBe(1);
  const run = { result: 'failed', reason: 'asked', failure: { code: 'database-unknown' } };
  expect(answerOf(status)).toMatchObject({ ok: false, result: [{ status: 'failed', runs: [run] }] });
  expect(await call(shop, 'run')).toMatchObject({ code: 0 });
  expect(await call(shop, 'status')).toMatchObject({ code: 0, answer: { result: [{ status: 'idle' }] } });
  await shop.source.query('ALTER TABLE orders RENAME TO orders_old');
  expect((await call(shop, 'run')).code).toBe(3);
}, 60_000);

test('people get a table, messages on stderr, and nothing with --quiet', async () => {
  await using shop = await openShop();
  const { code, stdout, stderr } = await lockstep(['run'], { cwd: shop.directory.path, env: shop.env });
  expect(code).toBe(0);
  expect(stdout).toMatch(/shop: in step after/);
  expect(stdout).toMatch(/1,000/);
  expect(stderr).toMatch(/orders: 1,000 rows in/);
  const quiet = await lockstep(['run', '--quiet'], { cwd: shop.directory.path, env: shop.env });
  expect(quiet).toMatchObject({ code: 0, stderr: '' });
}, 60_000);

test('Ctrl-C stops a run that waits, with 130, and the next one finishes', async () => {
  await using shop = await openShop();
  const blocker = await shop.source.connect();
  await blocker.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
  await using child = startLockstep(['run', '--json'], { cwd: shop.directory.path, env: shop.env });
  await waitForLockWaiter(shop.source);
  const ended = await child.kill('SIGINT');
  expect(ended.code).toBe(130);
  const error = { code: 'interrupted', message: 'Stopped on request: SIGINT' };
  expect(answerOf(ended)).toMatchObject({ ok: false, error });
  expect(ended.stderr).toContain('SIGINT: finishing what is under way');
  await blocker.query('ROLLBACK');
  expect(await call(shop, 'run')).toMatchObject({ code: 0 });
}, 60_000);

async function waitForLockWaiter(database: TestDatabase): Promise<void> {
  await expect
    .poll(
      async () =>
        (
          await database.query(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
          )
        ).rowCount,
      {
        timeout: 20_000,
      },
    )
    .toBeGreaterThan(0);
}
