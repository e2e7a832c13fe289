import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { Child } from '../support/child.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { answerOf, lockstep, startLockstep } from './lockstep.ts';

const config = `
import { defineConfig, env } from 'lockstep';
export default defineConfig({
  pipelines: {
    shop: {
      mode: 'live',
      source: { connector: 'postgres', url: env('SOURCE_URL') },
      destination: { connector: 'postgres', url: env('DESTINATION_URL') },
      collections: ['public.orders'],
      create: true,
    },
  },
  store: { key: env('LOCKSTEP_STORE_KEY') },
});
`;

interface Shop extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly directory: TemporaryDirectory;
  readonly env: Readonly<Record<string, string>>;
}

async function openShop(): Promise<Shop> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase());
  opened.defer(() => dropSlots(source));
  const target = opened.use(await createTestDatabase());
  const directory = opened.use(await temporaryDirectory({ 'lockstep.config.ts': config }));
  await source.query(`CREATE TABLE orders (id int PRIMARY KEY, note text);
    INSERT INTO orders SELECT n, 'n' || n FROM generate_series(1, 100) AS n`);
  const env = {
    SOURCE_URL: source.url,
    DESTINATION_URL: target.url,
    LOCKSTEP_STORE_KEY: Buffer.alloc(32, 7).toString('base64'),
  };
  const kept = opened.move();
  return { source, target, directory, env, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** A slot holds its database. */
async function dropSlots(source: TestDatabase): Promise<void> {
  for (let left = 100; ; left -= 1) {
    const { rows } = await source.query(
      'SELECT slot_name, active FROM pg_replication_slots WHERE database = current_database()',
    );
    if (rows.length === 0) return;
    if (left === 0) throw new Error('a slot stays in use');
    await source.query(
      'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database() AND NOT active',
    );
    await delay(50);
  }
}

const call = async (shop: Shop, ...args: readonly string[]) => {
  const result = await lockstep([...args, '--json', '--quiet'], { cwd: shop.directory.path, env: shop.env });
  return { code: result.code, answer: answerOf(result) };
};

interface Service extends AsyncDisposable {
  readonly child: Child;
  readonly url: string;
}

async function startService(shop: Shop): Promise<Service> {
  const child = startLockstep(['start', '--http', '127.0.0.1:0'], {
    cwd: shop.directory.path,
    env: shop.env,
  });
  const { http }: { http: string } = JSON.parse(await child.waitForLine('"msg":"started"'));
  await expect.poll(async () => (await fetch(`${http}/readyz`)).status, { timeout: 30_000 }).toBe(200);
  return { child, url: http, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

const rowsOf = async ({ target }: Shop): Promise<readonly unknown[]> =>
  (await target.query('SELECT note FROM orders WHERE id > 100 ORDER BY id')).rows.map(({ note }) => note);

const eventually = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: 30_000 });

test('a service follows the source, is watched from other processes, is paused, resynced and drained', async () => {
  await using shop = await openShop();
  await using service = await startService(shop);
  await shop.source.query("INSERT INTO orders VALUES (101, 'one')");
  await eventually(() => rowsOf(shop)).toEqual(['one']);

  await eventually(async () => (await call(shop, 'status')).answer).toMatchObject({
    ok: true,
    result: [
      {
        mode: 'live',
        status: 'live',
        live: { lag: { kind: expect.any(String) }, collections: [{ status: 'live' }] },
      },
    ],
  });
  // The lag is told once a second.
  await vi.waitFor(
    async () => {
      const metrics = await (await fetch(`${service.url}/metrics`)).text();
      expect(metrics).toMatch(/lockstep_changes_total\{pipeline="shop"\} [1-9]/);
      expect(metrics).toMatch(/lockstep_lag_known\{pipeline="shop"\} 1/);
    },
    { timeout: 10_000 },
  );

  await shop.target.query('DELETE FROM orders WHERE id = 7');
  expect(await call(shop, 'resync', 'shop', 'public.orders')).toMatchObject({
    code: 0,
    answer: { result: { kind: 'resync', state: 'done', engineRuns: true } },
  });
  expect(await call(shop, 'verify', 'shop', '--repair')).toMatchObject({
    code: 0,
    answer: { result: { equal: true } },
  });

  expect(await call(shop, 'pause', 'shop', '--reason', 'index')).toMatchObject({
    answer: { result: { engineRuns: true } },
  });
  await service.child.waitForLine(/"status".*"msg":"paused: index/);
  await shop.source.query("INSERT INTO orders VALUES (102, 'two')");
  expect(await call(shop, 'status')).toMatchObject({
    answer: { result: [{ status: 'paused', reason: 'index' }] },
  });
  expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
  expect(await rowsOf(shop)).toEqual(['one']);
  await call(shop, 'resume', 'shop');
  await eventually(() => rowsOf(shop)).toEqual(['one', 'two']);

  const ended = await service.child.kill('SIGTERM');
  expect(ended.code).toBe(0);
  expect(await call(shop, 'status')).toMatchObject({
    answer: { result: [{ status: 'stopped', owner: null }] },
  });
}, 120_000);

test('a letter’s row is sealed, shown, and replayed once its cause is gone', async () => {
  await using shop = await openShop();
  await using service = await startService(shop);
  await shop.target.query("ALTER TABLE orders ADD CONSTRAINT no_poison CHECK (note <> 'poison')");
  await shop.source.query("INSERT INTO orders VALUES (101, 'poison'), (102, 'fine')");
  await eventually(() => rowsOf(shop)).toEqual(['fine']);
  await eventually(async () => (await call(shop, 'dead-letters', 'shop', 'list')).answer).toMatchObject({
    result: { letters: [{ key: '["101"]', state: 'parked' }] },
  });
  const listed = await call(shop, 'dead-letters', 'shop', 'list');
  const id = String(Object(listed.answer).result.letters[0].id);
  expect((await call(shop, 'dead-letters', 'shop', 'show', id)).answer).toMatchObject({
    result: { row: { note: 'poison' }, withheld: null },
  });
  expect(await (await fetch(`${service.url}/metrics`)).text()).toMatch(
    /lockstep_dead_letters\{pipeline="shop",collection="[a-z.]+",state="parked"\} 1/,
  );
  await shop.target.query('ALTER TABLE orders DROP CONSTRAINT no_poison');
  expect(await call(shop, 'dead-letters', 'shop', 'replay', id)).toMatchObject({ code: 0 });
  await eventually(() => rowsOf(shop)).toEqual(['poison', 'fine']);
  await eventually(async () => (await call(shop, 'dead-letters', 'shop', 'list')).answer).toMatchObject({
    result: { letters: [] },
  });
  expect((await service.child.kill('SIGTERM')).code).toBe(0);
}, 120_000);

test('a second service stands by, and takes over when the first one dies', async () => {
  await using shop = await openShop();
  await using first = await startService(shop);
  await using second = startLockstep(['start', '--http', '127.0.0.1:0'], {
    cwd: shop.directory.path,
    env: shop.env,
  });
  const { http }: { http: string } = JSON.parse(await second.waitForLine('"msg":"started"'));
  await second.waitForLine(/"status".*"msg":"standby/, { timeoutMs: 30_000 });
  expect((await fetch(`${http}/readyz`)).status).toBe(503);
  await first.child.kill('SIGKILL');
  await shop.source.query("INSERT INTO orders VALUES (101, 'one')");
  await eventually(() => rowsOf(shop)).toEqual(['one']);
  await eventually(async () => (await fetch(`${http}/readyz`)).status).toBe(200);
  expect((await second.kill('SIGTERM')).code).toBe(0);
}, 120_000);
