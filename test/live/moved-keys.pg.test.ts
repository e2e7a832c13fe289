import { describe, expect, test } from 'vitest';
import { openLivePair } from './live-pair.ts';

const shop = `
CREATE TABLE customers (id int PRIMARY KEY, email text NOT NULL UNIQUE, about text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers ON UPDATE CASCADE ON DELETE CASCADE, total int)`;

/** `note` and all of `visits` are the target's own. */
const own = `
ALTER TABLE customers ADD note text;
CREATE TABLE visits (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers ON UPDATE CASCADE ON DELETE CASCADE)`;

const rows = `
INSERT INTO customers SELECT n, 'mail ' || n, repeat('a', 4000) FROM generate_series(1, 20) n;
INSERT INTO orders SELECT n, 1 + n % 20, n FROM generate_series(1, 60) n`;
const ownRows = `
UPDATE customers SET note = email;
INSERT INTO visits SELECT n, n FROM generate_series(1, 20) n`;

const captures = ['logical', 'triggers'] as const;

describe.each(captures)('a key that changes, with %s', (capture) => {
  const openShop = async () => {
    const pair = await openLivePair({ capture });
    await pair.both(shop);
    await pair.both('ALTER TABLE customers ALTER about SET STORAGE EXTERNAL');
    await pair.target.query(own);
    await pair.source.query(rows);
    const running = await pair.start({ collections: ['customers', 'orders'] });
    await pair.target.query(ownRows);
    return { pair, running };
  };
  type Shop = Awaited<ReturnType<typeof openShop>>;

  /** Whatever its key is now: a customer has kept its note, and whoever visited is still there. */
  const expectKept = async ({ pair, running }: Shop): Promise<void> => {
    const told = async (side: Shop['pair']['source']) =>
      (await side.query('SELECT id, email, md5(about) AS about FROM customers ORDER BY id')).rows;
    await running.until('customers are the same', async () => {
      const [there, here] = [await told(pair.source), await told(pair.target)];
      return JSON.stringify(there) === JSON.stringify(here);
    });
    await running.until('orders are the same', async () => {
      const sum = 'SELECT count(*)::int AS n, sum(customer_id * id) AS sum FROM orders';
      const [there, here] = [(await pair.source.query(sum)).rows, (await pair.target.query(sum)).rows];
      return JSON.stringify(there) === JSON.stringify(here);
    });
    const { rows: kept } = await pair.target.query(
      `SELECT v.id, c.email, c.note FROM visits v JOIN customers c ON c.id = v.customer_id ORDER BY v.id`,
    );
    expect(kept).toEqual(
      Array.from({ length: 20 }, (_, n) => ({ id: n + 1, email: `mail ${n + 1}`, note: `mail ${n + 1}` })),
    );
    expect((await running.engine.letters('it')).letters).toEqual([]);
  };

  test('takes along its own columns and what refers to it', async () => {
    const open = await openShop();
    await using pair = open.pair;
    await using running = open.running;
    await pair.source.query('UPDATE customers SET id = 100 WHERE id = 1');
    await expectKept({ pair, running });
    await pair.source.query('UPDATE customers SET id = id + 200 WHERE id BETWEEN 2 AND 10');
    await expectKept({ pair, running });
  });

  test('goes along a chain, changes places, and leaves its former one to another row', async () => {
    const open = await openShop();
    await using pair = open.pair;
    await using running = open.running;
    const change = (id: number, to: number): string => `UPDATE customers SET id = ${to} WHERE id = ${id}`;
    await pair.source.query(`BEGIN; ${change(1, 0)}; ${change(2, 1)}; ${change(0, 2)}; COMMIT`);
    await expectKept({ pair, running });
    await pair.source.query(`BEGIN; ${change(3, 30)}; ${change(4, 3)}; ${change(30, 31)}; COMMIT`);
    await expectKept({ pair, running });
    await pair.source.query(
      `BEGIN; ${change(5, 50)}; INSERT INTO customers VALUES (5, 'new', 'x'); COMMIT; DELETE FROM customers WHERE id = 5`,
    );
    await expectKept({ pair, running });
  });
});

test('a statement that changes every key is no loss of rows, and no guard holds it', async () => {
  await using pair = await openLivePair();
  await pair.both('CREATE TABLE t (id int PRIMARY KEY, v int)');
  await pair.source.query('INSERT INTO t SELECT n, n FROM generate_series(1, 500) n');
  await using running = await pair.start({ collections: ['t'] });
  await pair.source.query('UPDATE t SET id = id + 1000');
  await running.inStep();
  expect(running.told['guard.raised']).toEqual([]);
  expect(await pair.expectSame('t')).toBe(500);
});

test('keys that are checked at the end change places by their contents', async () => {
  await using pair = await openLivePair();
  await pair.source.query('CREATE TABLE t (id int PRIMARY KEY DEFERRABLE, v text)');
  await pair.source.query('ALTER TABLE t REPLICA IDENTITY FULL');
  await pair.target.query('CREATE TABLE t (id int PRIMARY KEY, v text)');
  await pair.source.query(`INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, 9) n`);
  await using running = await pair.start({ collections: ['t'] });
  await pair.source.query('UPDATE t SET id = 3 - id WHERE id < 3');
  await running.inStep();
  await pair.source.query('UPDATE t SET id = id + 1');
  await running.inStep();
  expect(await pair.expectSame('t')).toBe(9);
});
