import { expect, test } from 'vitest';
import { eventually, openShop, rowsAt } from './shop.ts';

test('dead letters are told once, and once when they are over', async () => {
  await using shop = await openShop({ rules: { deadLetters: true } });
  await using service = await shop.start();
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
  await service.stop();
  expect(shop.told()).toHaveLength(2);
  expect(service.child.stdout).not.toMatch(/canary|planted-path/);
}, 120_000);

test('a lock at the destination is told as lag and then as a stall, and both are over when it is gone', async () => {
  await using shop = await openShop({
    rules: { lag: { threshold: 1, forSeconds: 0.2 }, stalled: { threshold: 0.5, forSeconds: 6 } },
  });
  await using service = await shop.start();
  const locker = await shop.target.connect();
  await locker.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
  await shop.source.query("INSERT INTO orders VALUES (102, 'late')");
  await eventually(() => shop.told().slice(-2)).toEqual(['lag firing', 'stalled firing']);
  await locker.query('ROLLBACK');
  await eventually(() => shop.told().slice(-2).toSorted()).toEqual(['lag resolved', 'stalled resolved']);
  await eventually(() => rowsAt(shop)).toBe(101);
  await service.stop();
}, 120_000);

test('a source that is away is told once, and once when it is back', async () => {
  await using shop = await openShop({ rules: { disconnected: { threshold: 5 } } });
  await using service = await shop.start();
  shop.proxy.halfOpen();
  await eventually(() => shop.told().at(-1)).toBe('disconnected firing');
  await shop.proxy.heal();
  await eventually(() => shop.told().at(-1)).toBe('disconnected resolved');
  await shop.source.query("INSERT INTO orders VALUES (103, 'back')");
  await eventually(() => rowsAt(shop)).toBe(101);
  await service.stop();
  // A machine that is busy may have been silent for so long before: then there is one pair more, never half of one.
  expectPairs(shop.told(), 'disconnected');
}, 120_000);

/** Firing and resolved alternate. */
function expectPairs(told: readonly string[], alert: string): void {
  const wanted = told.map((_, index) => `${alert} ${index % 2 === 0 ? 'firing' : 'resolved'}`);
  expect(told).toEqual(wanted);
}

test('killed while a target is being told, it tells that with the same id when it is back, and nothing else', async () => {
  await using shop = await openShop({ rules: { deadLetters: true } });
  shop.pager.behave({ kind: 'hang' });
  {
    await using service = await shop.start();
    await shop.target.query("ALTER TABLE orders ADD CONSTRAINT no_poison CHECK (note <> 'poison')");
    await shop.source.query("INSERT INTO orders VALUES (101, 'poison')");
    await service.child.waitForLine(/"event":"alert".*alert deadLetters/);
    await eventually(() => shop.pager.asked.length).toBeGreaterThan(0);
    await service.child.kill('SIGKILL');
  }
  expect(await shop.call('alerts', 'list')).toMatchObject({
    code: 2,
    answer: { result: [{ alerts: [{ alert: 'deadLetters' }], waiting: [{ target: 'pager', messages: 1 }] }] },
  });
  shop.pager.behave({ kind: 'answer', status: 200 });
  await using service = await shop.start();
  await eventually(shop.told).toEqual(['deadLetters firing']);
  await shop.target.query('ALTER TABLE orders DROP CONSTRAINT no_poison');
  await shop.call('dead-letters', 'shop', 'replay', '--all');
  await eventually(shop.told).toEqual(['deadLetters firing', 'deadLetters resolved']);
  const idOf = ({ headers }: { headers: { readonly [name: string]: unknown } }) =>
    headers['x-lockstep-delivery'];
  const [first, last] = shop.pager.taken.map(idOf);
  expect(new Set(shop.pager.asked.map(idOf))).toEqual(new Set([first, last]));
  expect(idOf(shop.pager.asked[0] ?? { headers: {} })).toBe(first);
  await service.stop();
  expect(await shop.call('remove', 'shop', '--yes')).toMatchObject({ code: 0 });
  expect(await shop.call('alerts', 'list')).toMatchObject({
    code: 0,
    answer: { result: [{ alerts: [], waiting: [] }] },
  });
}, 180_000);
