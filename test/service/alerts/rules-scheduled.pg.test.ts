import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { eventually, openShop, type Shop } from './shop.ts';

vi.setConfig({ testTimeout: 300_000 });

const runsSchema = z.object({
  runs: z.array(z.object({ extent: z.string().nullable(), result: z.string() })),
});

const both = (alert: string) => [`${alert} firing`, `${alert} resolved`];

/** The pager is away when it begins; the engine dies before it is back. */
async function overDeath(
  shop: Shop,
  { begin, end }: { begin: () => Promise<unknown>; end: () => Promise<unknown> },
  alert: string,
) {
  shop.pager.behave({ kind: 'answer', status: 503 });
  {
    await using service = await shop.start();
    await begin();
    await service.child.waitForLine(new RegExp(`"event":"alert".*alert ${alert}`));
    await eventually(() => shop.pager.asked.length).toBeGreaterThan(0);
    await service.child.kill('SIGKILL');
  }
  expect((await shop.call('alerts', 'list')).answer).toMatchObject({
    result: [{ alerts: [{ alert, state: 'firing' }], waiting: [{ target: 'pager', messages: 1 }] }],
  });
  shop.pager.behave({ kind: 'answer', status: 200 });
  await using service = await shop.begin();
  await eventually(shop.told).toEqual([`${alert} firing`]);
  await end();
  await eventually(shop.told).toEqual(both(alert));
  await service.stop();
  expect(shop.told()).toHaveLength(2);
}

test('nearInterval: told once over the death of engine and pager, and once when a run is quick again', async () => {
  await using shop = await openShop({
    rules: { nearInterval: { threshold: 0.5 } },
    mode: 'full',
    settings: { schedule: { every: '4s' } },
  });
  const locker = await shop.target.connect();
  const begin = async () => {
    await locker.query('BEGIN; SELECT FROM orders FOR UPDATE');
    await shop.source.query("UPDATE orders SET note = 'slow'");
  };
  await overDeath(shop, { begin, end: () => locker.query('ROLLBACK') }, 'nearInterval');
});

test('unproven: told once over the death of engine and pager, and once when both sides were compared', async () => {
  await using shop = await openShop({
    rules: { unproven: { threshold: 2 } },
    mode: 'full',
    settings: { schedule: { every: '1s' } },
  });
  const begin = () => shop.target.query('ALTER TABLE orders RENAME COLUMN note TO other');
  const end = () => shop.target.query('ALTER TABLE orders RENAME COLUMN other TO note');
  await overDeath(shop, { begin, end }, 'unproven');
});

test.each([
  ['once an hour', { every: '1h' }],
  ['never', 'off'],
])(
  'unproven: not told of runs each second that read what changed, with all compared %s',
  async (...[, comparison]) => {
    await using shop = await openShop({
      rules: { unproven: { threshold: 2 } },
      mode: 'incremental',
      settings: {
        schedule: { every: '1s' },
        comparison,
        collections: { 'public.orders': { cursor: { column: 'id' } } },
      },
    });
    await using service = await shop.start();
    // Each after a moment of its own: more seconds than two intervals of the runs.
    const since = async () => {
      const { runs } = runsSchema.parse(await service.ask('pipelines/shop/runs'));
      return runs.filter(({ extent, result }) => extent === 'since' && result === 'equal').length;
    };
    await eventually(since).toBeGreaterThan(5);
    expect(await service.ask('alerts')).toMatchObject({ pipelines: [{ alerts: [] }] });
    expect(shop.told()).toEqual([]);
    await service.stop();
  },
);

test('failed: told once by a service that ends with it, again and again, and once when it is mended', async () => {
  await using shop = await openShop({ rules: { failed: true } });
  {
    await using service = await shop.start();
    await service.stop();
  }
  await shop.source.query('ALTER TABLE orders RENAME TO others');
  for (const ending of ['first', 'second'])
    expect((await shop.call('start', '--no-http')).code, ending).not.toBe(0);
  expect(shop.told()).toEqual(['failed firing']);
  await shop.source.query('ALTER TABLE others RENAME TO orders');
  await using service = await shop.start();
  await eventually(shop.told).toEqual(both('failed'));
  await service.stop();
  expect(shop.told()).toHaveLength(2);
});
