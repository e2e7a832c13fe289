import { expect, test } from 'vitest';
import { newKey } from '../service/secrets/fixture.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { lockstep, startLockstep } from './lockstep.ts';

const config = `
import { defineConfig, env, stored } from 'lockstep';
export default defineConfig({
  pipelines: {
    shop: {
      source: { connector: 'postgres', url: stored('shop') },
      destination: { connector: 'postgres', url: env('DESTINATION_URL') },
      collections: ['public.orders'],
      create: true,
      schedule: { every: '1h' },
    },
  },
  store: { url: env('STORE_URL') },
});
`;

interface Shop extends AsyncDisposable {
  readonly target: TestDatabase;
  /** The way to the control store, in which the connection lies. */
  readonly way: FaultProxy;
  readonly options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> };
}

async function openShop(): Promise<Shop> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase());
  const target = opened.use(await createTestDatabase());
  const store = opened.use(await createTestDatabase());
  const way = opened.use(await startFaultProxy(store.url));
  const directory = opened.use(await temporaryDirectory({ 'lockstep.config.ts': config }));
  await source.query('CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1), (2)');
  const options = {
    cwd: directory.path,
    env: {
      DESTINATION_URL: target.url,
      STORE_URL: way.url(store.url),
      LOCKSTEP_KEYS: newKey(),
      SHOP_URL: source.url,
    },
  };
  const set = await lockstep(['connections', 'set', 'shop', '--from-env', 'SHOP_URL'], options);
  expect([set.code, set.stderr]).toEqual([0, '']);
  const kept = opened.move();
  return { target, way, options, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

test('`start` waits for a control store that is away, and starts when it answers', {
  timeout: 60_000,
}, async () => {
  await using shop = await openShop();
  await shop.way.refuse();
  await using child = startLockstep(['start', '--http', '127.0.0.1:0'], shop.options);
  const waiting: unknown = JSON.parse(await child.waitForLine('standby: store-unreachable'));
  expect(waiting).toMatchObject({
    level: 'warn',
    msg: expect.stringContaining('next: it starts when the control store answers'),
  });
  await shop.way.heal();
  await child.waitForLine('"msg":"started"');
  await expect
    .poll(async () => (await shop.target.query("SELECT to_regclass('orders') AS t")).rows, {
      timeout: 30_000,
    })
    .toEqual([{ t: 'orders' }]);
  expect(await child.kill('SIGTERM')).toMatchObject({ code: 0 });
});

test('one that waits for long says so once, not with each attempt', { timeout: 60_000 }, async () => {
  await using shop = await openShop();
  // Nobody is behind it: it counts who comes.
  await using nobody = await startFaultProxy({ host: '127.0.0.1', port: 1 });
  const { env, cwd } = shop.options;
  const options = { cwd, env: { ...env, STORE_URL: nobody.url(env['STORE_URL'] ?? '') } };
  await using child = startLockstep(['start', '--no-http'], options);
  await child.waitForLine('standby: store-unreachable');
  const each = nobody.counters.connections;
  await expect.poll(() => nobody.counters.connections, { timeout: 40_000 }).toBeGreaterThan(2 * each);
  const { code, stdout } = await child.kill('SIGTERM');
  expect([code, stdout.match(/standby: store-unreachable/g)?.length]).toEqual([0, 1]);
});

test.each([
  ['SIGTERM', 0],
  ['SIGINT', 130],
] as const)(
  'one that waits for its control store ends by %s as one that runs does',
  { timeout: 60_000 },
  async (signal, code) => {
    await using shop = await openShop();
    await shop.way.refuse();
    await using child = startLockstep(['start', '--no-http'], shop.options);
    await child.waitForLine('standby: store-unreachable');
    expect(await child.kill(signal)).toMatchObject({ code });
  },
);

test('other commands don’t wait: they end with its code', async () => {
  await using shop = await openShop();
  await shop.way.refuse();
  const { code, stderr } = await lockstep(['status'], shop.options);
  expect([code, stderr]).toEqual([4, expect.stringContaining('store-unreachable')]);
});
