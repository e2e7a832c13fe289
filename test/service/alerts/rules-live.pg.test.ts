import { expect, test, vi } from 'vitest';
import { eventually, openShop, type Service, type Shop, settled } from './shop.ts';

vi.setConfig({ testTimeout: 300_000 });

async function expectTold(shop: Shop, service: Service, alert: string): Promise<void> {
  await settled(service, alert);
  expect(shop.told()).toEqual([`${alert} firing`]);
}

const firing = (alert: string) => [`${alert} firing`];
const both = (alert: string) => [`${alert} firing`, `${alert} resolved`];

/** Every write of orders meets another transaction's conflict, until somebody drops it. */
const conflicts = `
CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE 'planted conflict' USING ERRCODE = 'serialization_failure'; END $$;
CREATE TRIGGER conflict BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION conflict()`;

test('failing: told once over the death of the engine, and once when it succeeds again', async () => {
  await using shop = await openShop({ rules: { failing: { threshold: 3, forSeconds: 0.2 } } });
  {
    await using service = await shop.start();
    await shop.target.query(conflicts);
    await shop.source.query("INSERT INTO orders VALUES (101, 'late')");
    await eventually(shop.told).toEqual(firing('failing'));
    await expectTold(shop, service, 'failing');
    await service.child.kill('SIGKILL');
  }
  await using service = await shop.begin();
  await service.child.waitForLine('planted conflict');
  await expectTold(shop, service, 'failing');
  await shop.target.query('DROP TRIGGER conflict ON orders');
  await eventually(shop.told).toEqual(both('failing'));
  await service.stop();
  expect(shop.told()).toHaveLength(2);
});

/** Two of three writes fail: a sequence does not go back with its transaction. */
const rareSuccess = `
CREATE SEQUENCE attempts;
CREATE FUNCTION mostly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF nextval('public.attempts') % 3 <> 0 THEN RAISE 'planted conflict' USING ERRCODE = 'serialization_failure'; END IF;
  RETURN NEW; END $$;
CREATE TRIGGER mostly BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION mostly()`;

test('errorRate: told once, not again by an engine that has just begun, and once when more succeeds', async () => {
  await using shop = await openShop({ rules: { errorRate: { threshold: 0.5, forSeconds: 0.2 } } });
  let id = 101;
  const change = async () => {
    await shop.source.query(`INSERT INTO orders VALUES (${id}, 'change')`);
    id += 1;
    await eventually(
      async () => (await shop.target.query(`SELECT FROM orders WHERE id = ${id - 1}`)).rowCount,
    ).toBe(1);
  };
  {
    await using service = await shop.start();
    await shop.target.query(rareSuccess);
    for (let changes = 0; changes < 6; changes += 1) await change();
    await eventually(shop.told).toEqual(firing('errorRate'));
    await expectTold(shop, service, 'errorRate');
    await service.child.kill('SIGKILL');
  }
  await using service = await shop.start();
  await expectTold(shop, service, 'errorRate');
  await shop.target.query('DROP TRIGGER mostly ON orders');
  await change();
  await eventually(shop.told).toEqual(both('errorRate'));
  await service.stop();
  expect(shop.told()).toHaveLength(2);
});

test('guardWaiting: told once over the death of the engine, and once when somebody has decided', async () => {
  await using shop = await openShop({
    rules: { guardWaiting: true },
  });
  {
    await using service = await shop.start();
    await shop.source.query('DELETE FROM orders WHERE id > 10');
    await eventually(shop.told).toEqual(firing('guardWaiting'));
    await expectTold(shop, service, 'guardWaiting');
    await service.child.kill('SIGKILL');
  }
  await using service = await shop.begin();
  await expectTold(shop, service, 'guardWaiting');
  expect(await shop.call('approve', 'shop')).toMatchObject({ code: 0 });
  await eventually(shop.told).toEqual(both('guardWaiting'));
  await eventually(async () => (await shop.target.query('SELECT FROM orders')).rowCount).toBe(10);
  await service.stop();
  expect(shop.told()).toHaveLength(2);
});

test('drift: told once over the death of the engine, and once when a comparison finds nothing', async () => {
  await using shop = await openShop({
    rules: { drift: true },
    capture: 'triggers',
    settings: { schedule: { every: '3s' } },
  });
  const overwrite = () => shop.target.query(`UPDATE orders SET note = note || '!' WHERE id <= 3`);
  {
    await using service = await shop.start();
    await overwrite();
    await eventually(shop.told).toEqual(firing('drift'));
    await expectTold(shop, service, 'drift');
    await service.child.kill('SIGKILL');
  }
  // Nobody compares any more: what was found last still stands.
  expect((await shop.call('alerts', 'list')).answer).toMatchObject({
    result: [{ alerts: [{ alert: 'drift' }] }],
  });
  await using service = await shop.begin();
  await eventually(shop.told).toEqual(both('drift'));
  await service.stop();
  expect(shop.told()).toHaveLength(2);
});

test('sourceForgets: told once over the death of the engine, and once when it has caught up', async () => {
  await using shop = await openShop({
    rules: { sourceForgets: { threshold: 1_000_000, forSeconds: 0.2 } },
    capture: 'triggers',
  });
  const locker = await shop.target.connect();
  const change = async () => {
    await shop.source.query("UPDATE orders SET note = note || '.' WHERE id <= 5");
    return shop.told();
  };
  {
    await using service = await shop.start();
    await locker.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
    await eventually(change).toEqual(firing('sourceForgets'));
    await expectTold(shop, service, 'sourceForgets');
    await service.child.kill('SIGKILL');
  }
  await using service = await shop.begin();
  await expectTold(shop, service, 'sourceForgets');
  await locker.query('ROLLBACK');
  await eventually(shop.told).toEqual(both('sourceForgets'));
  await service.stop();
  expect(shop.told()).toHaveLength(2);
});
