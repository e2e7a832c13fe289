import { describe, expect, test } from 'vitest';
import { openLivePair, type RunningPipeline } from './live-pair.ts';

const schema = `
  CREATE TABLE customers (id int PRIMARY KEY, email text NOT NULL UNIQUE, v int NOT NULL DEFAULT 0);
  CREATE TABLE visits (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers ON UPDATE CASCADE, note text);
  CREATE TABLE parts (id int PRIMARY KEY, whole int REFERENCES parts)`;
const tables = ['customers', 'visits', 'parts'];

const openShop = async (capture: 'logical' | 'triggers') => {
  const pair = await openLivePair({ capture });
  await pair.both(schema);
  await pair.source.query(
    `INSERT INTO customers SELECT n, 'mail ' || n FROM generate_series(1, 2000) n;
     INSERT INTO visits SELECT n, 1 + n % 2000, 'visit' FROM generate_series(1, 3000) n`,
  );
  const running = await pair.start({
    collections: tables,
    stream: { lanes: 4 },
    guard: { maxLeavingShare: 1 },
  });
  const expectSame = async () => {
    await running.inStep();
    for (const table of tables) await pair.expectSame(table);
  };
  return { pair, running, expectSame };
};

const tornWindows = ({ told }: RunningPipeline): number =>
  told['window.applied']?.filter(({ torn }) => torn).length ?? 0;
const letters = async ({ engine }: RunningPipeline): Promise<readonly string[]> =>
  (await engine.letters('it')).letters.map(({ key, code }) => `${key} ${code}`);

describe.each(['logical', 'triggers'] as const)('lanes, with %s', (capture) => {
  test('parents, children and what leaves, in large windows', async () => {
    const shop = await openShop(capture);
    await using pair = shop.pair;
    await using running = shop.running;
    const [checked] = await running.engine.check('it');
    expect(checked?.findings.map(({ code }) => code)).toContain('lanes-tear-transactions');
    await pair.source.query(`BEGIN;
      INSERT INTO customers SELECT n, 'new ' || n FROM generate_series(5001, 6500) n;
      INSERT INTO visits SELECT n, n, 'of somebody new' FROM generate_series(5001, 6500) n;
      UPDATE customers SET v = 1 WHERE id <= 1000;
      COMMIT`);
    await shop.expectSame();
    await pair.source.query(`BEGIN;
      DELETE FROM visits WHERE id > 5000; DELETE FROM customers WHERE id > 5000;
      UPDATE visits SET note = 'seen'; COMMIT`);
    await shop.expectSame();
    expect(tornWindows(running)).toBeGreaterThan(0);
    expect(await letters(running)).toEqual([]);
  });

  test('values that move between lanes, keys that change, rows that refer to each other: written as one', async () => {
    const shop = await openShop(capture);
    await using pair = shop.pair;
    await using running = shop.running;
    await pair.source.query(`BEGIN;
      UPDATE customers SET email = 'aside ' || id; UPDATE customers SET email = 'mail ' || 1 + id % 2000; COMMIT`);
    await shop.expectSame();
    await pair.source.query(`BEGIN;
      UPDATE customers SET id = id + 10000 WHERE id <= 5; UPDATE customers SET v = 2; COMMIT`);
    await shop.expectSame();
    await pair.source.query('INSERT INTO parts SELECT n, nullif(n - 1, 0) FROM generate_series(1, 1500) n');
    await shop.expectSame();
    await running.until('no letter', async () => (await letters(running)).length === 0);
  });

  test('what the destination refuses is found among them, and stops nobody else', async () => {
    const shop = await openShop(capture);
    await using pair = shop.pair;
    await using running = shop.running;
    await pair.target.query('ALTER TABLE customers ADD CHECK (v <> 13)');
    await pair.source.query('UPDATE customers SET v = CASE WHEN id IN (7, 1700) THEN 13 ELSE 5 END');
    await running.until('two letters', async () => (await letters(running)).length === 2);
    expect((await letters(running)).toSorted()).toEqual(['["1700"] value-refused', '["7"] value-refused']);
    const written = 'SELECT count(*)::int AS n FROM customers WHERE v = 5';
    await running.until('all others are there', async () => {
      const { rows } = await pair.target.query<{ n: number }>(written);
      return rows[0]?.n === 1998;
    });
  });
});
