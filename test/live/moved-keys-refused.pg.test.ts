import { describe, expect, test } from 'vitest';
import type { PipelineConfig } from '../../src/index.ts';
import { openLivePair } from './live-pair.ts';

type Collections = PipelineConfig['collections'];

/** `note` and all of `visits` are the target's own. */
const openShop = async (
  reference: string,
  {
    capture = 'logical',
    collections = ['customers'],
  }: { capture?: 'logical' | 'triggers'; collections?: Collections } = {},
) => {
  const pair = await openLivePair({ capture });
  await pair.both('CREATE TABLE customers (id int PRIMARY KEY, email text NOT NULL UNIQUE)');
  await pair.source.query(`INSERT INTO customers SELECT n, 'mail ' || n FROM generate_series(1, 10) n`);
  await pair.target.query(`ALTER TABLE customers ADD note text, ADD CHECK (email <> 'bad');
    CREATE TABLE visits (id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers ${reference})`);
  const settings = {
    collections,
    stream: { windowChanges: 1, readAheadBytes: 65_536 },
    guard: { maxLeavingShare: 1 },
  };
  const start = () => pair.start(settings);
  const running = await start();
  await pair.target.query(
    `UPDATE customers SET note = 'note ' || id; INSERT INTO visits SELECT n, n FROM generate_series(1, 10) n`,
  );
  /** `id email note` */
  const at = async (id: number): Promise<string | undefined> => {
    const { rows } = await pair.target.query<{ t: string }>(
      `SELECT concat_ws(' ', email, note) AS t FROM customers WHERE id = ${id}`,
    );
    return rows[0]?.t;
  };
  const visit = async (id: number): Promise<number | undefined> =>
    (await pair.target.query<{ n: number }>(`SELECT customer_id AS n FROM visits WHERE id = ${id}`)).rows[0]
      ?.n;
  return { pair, running, start, at, visit };
};

const belowThousand = (row: Readonly<Record<string, unknown>>) => (Number(row['id']) < 1000 ? row : null);

type Running = Awaited<ReturnType<typeof openShop>>['running'];
const letters = async (running: Running): Promise<readonly string[]> =>
  (await running.engine.letters('it')).letters.map(({ key, code }) => `${key} ${code}`).toSorted();
const untilLetters = (running: Running, ...expected: readonly string[]): Promise<void> =>
  running.until(`letters are ${expected.join(', ') || 'none'}`, async () => {
    return JSON.stringify(await letters(running)) === JSON.stringify(expected);
  });

const follows = 'ON UPDATE CASCADE ON DELETE CASCADE';

describe.each(['logical', 'triggers'] as const)('with %s', (capture) => {
  test('what only a cascade could take along waits for one, and is never lost', async () => {
    const shop = await openShop('ON DELETE CASCADE', { capture });
    await using pair = shop.pair;
    await using running = shop.running;
    await pair.source.query('UPDATE customers SET id = 100 WHERE id = 1');
    await pair.source.query(`UPDATE customers SET email = 'later' WHERE id = 2`);
    await untilLetters(running, '["1"] key-change-refused', '["100"] key-change-refused');
    await running.until('others flow', async () => (await shop.at(2)) === 'later note 2');
    expect([await shop.at(1), await shop.visit(1)]).toEqual(['mail 1 note 1', 1]);
    // In the order in which a letter that is tried meanwhile locks them.
    await pair.target.query(`BEGIN; LOCK TABLE customers, visits;
      ALTER TABLE visits DROP CONSTRAINT visits_customer_id_fkey,
        ADD FOREIGN KEY (customer_id) REFERENCES customers ${follows};
      COMMIT`);
    await running.engine.replay('it');
    await untilLetters(running);
    expect([await shop.at(100), await shop.visit(1)]).toEqual(['mail 1 note 1', 100]);
    expect(await shop.at(1)).toBeUndefined();
  });

  test('a process that starts anew takes nothing along with a former key either', async () => {
    const shop = await openShop('ON DELETE CASCADE', { capture });
    await using pair = shop.pair;
    await using before = shop.running;
    await pair.source.query('UPDATE customers SET id = 100 WHERE id = 1');
    await untilLetters(before, '["1"] key-change-refused', '["100"] key-change-refused');
    await before.stop();
    await using running = await shop.start();
    await pair.source.query(`UPDATE customers SET email = 'later' WHERE id = 2`);
    await running.until('it goes on', async () => (await shop.at(2)) === 'later note 2');
    expect([await shop.at(1), await shop.visit(1)]).toEqual(['mail 1 note 1', 1]);
    await pair.target.query('UPDATE visits SET customer_id = 2 WHERE id = 1');
    await running.engine.replay('it');
    await untilLetters(running);
    expect([await shop.at(1), await shop.at(100)]).toEqual([undefined, 'mail 1']);
  });

  test('rows of one key after the other, read when they have the last one, keep what is theirs', async () => {
    const shop = await openShop(follows, { capture });
    await using pair = shop.pair;
    await using before = shop.running;
    await before.stop();
    await pair.source.query(`UPDATE customers SET email = 'new 1' WHERE id = 1`);
    // More than what is read of a log at once, so that these are changes of several windows.
    await pair.source.query(
      `INSERT INTO customers SELECT n, 'mail ' || n FROM generate_series(1001, 1200) n`,
    );
    await pair.source.query('UPDATE customers SET id = 100 WHERE id = 1');
    await using running = await shop.start();
    await running.until('it is there', async () => (await shop.at(100)) !== undefined);
    expect([await shop.at(100), await shop.visit(1)]).toEqual(['new 1 note 1', 100]);
    await untilLetters(running);
  });

  test('keys that have letters: the former one, and the new one', async () => {
    const shop = await openShop(follows, { capture });
    await using pair = shop.pair;
    await using running = shop.running;
    await pair.source.query(
      `UPDATE customers SET email = 'bad' WHERE id = 1; INSERT INTO customers VALUES (50, 'worse')`,
    );
    await untilLetters(running, '["1"] value-refused');
    await pair.source.query(`UPDATE customers SET id = 100, email = 'well' WHERE id = 1`);
    await untilLetters(running);
    expect([await shop.at(100), await shop.visit(1)]).toEqual(['well note 1', 100]);
    await pair.source.query(`INSERT INTO customers VALUES (200, 'bad')`);
    await untilLetters(running, '["200"] value-refused');
    await pair.source.query(
      'BEGIN; DELETE FROM customers WHERE id = 200; UPDATE customers SET id = 200 WHERE id = 2; COMMIT',
    );
    await untilLetters(running);
    expect([await shop.at(200), await shop.visit(2)]).toEqual(['mail 2 note 2', 200]);
  });

  test('a row that is refused goes on under its new key as it was', async () => {
    const shop = await openShop(follows, { capture });
    await using pair = shop.pair;
    await using running = shop.running;
    await pair.source.query(`UPDATE customers SET id = 100, email = 'bad' WHERE id = 1`);
    await running.until('it has its new key', async () => (await shop.at(100)) === 'mail 1 note 1');
    expect([await letters(running), await shop.visit(1)]).toEqual([['["100"] value-refused'], 100]);
    await pair.source.query(`UPDATE customers SET email = 'well' WHERE id = 100`);
    await untilLetters(running);
    expect([await shop.at(100), await shop.visit(1)]).toEqual(['well note 1', 100]);
  });

  test('takes the place of a row that was deleted', async () => {
    const shop = await openShop(follows, { capture });
    await using pair = shop.pair;
    await using running = shop.running;
    await pair.source.query(
      'BEGIN; DELETE FROM customers WHERE id = 2; UPDATE customers SET id = 2 WHERE id = 1; COMMIT',
    );
    await running.until('it is there', async () => (await shop.at(2))?.startsWith('mail 1') === true);
    expect([await shop.at(2), await shop.visit(1), await shop.visit(2)]).toEqual([
      'mail 1 note 1',
      2,
      undefined,
    ]);
    await untilLetters(running);
  });

  test.each([
    ['a filter', { filter: 'id < 1000' }],
    ['a mapping function', { columns: ['id', 'email'], map: belowThousand }],
  ] as const)('a row that does not belong any more leaves, by %s; else it moves', async (_, options) => {
    const collections = { customers: options } as Collections;
    const shop = await openShop(follows, { capture, collections });
    await using pair = shop.pair;
    await using running = shop.running;
    await pair.source.query('UPDATE customers SET id = 100 WHERE id = 1');
    await running.until('it is there', async () => (await shop.at(100)) !== undefined);
    expect([await shop.at(100), await shop.visit(1)]).toEqual(['mail 1 note 1', 100]);
    await pair.source.query('UPDATE customers SET id = 2000 WHERE id = 100');
    await running.until('it left', async () => (await shop.at(100)) === undefined);
    expect(await shop.visit(1)).toBeUndefined();
    await untilLetters(running);
  });

  test('where rows that leave are marked, one that moves is not', async () => {
    const mark = {
      set: { note: `'gone'` },
      marked: `note IS NOT DISTINCT FROM 'gone'`,
      clear: { note: 'NULL' },
    };
    const shop = await openShop(follows, {
      capture,
      collections: { customers: { leaving: { mark } } } as Collections,
    });
    await using pair = shop.pair;
    await using running = shop.running;
    await pair.source.query('UPDATE customers SET id = 100 WHERE id = 1; DELETE FROM customers WHERE id = 2');
    await running.until('it left', async () => (await shop.at(2)) === 'mail 2 gone');
    expect([await shop.at(1), await shop.at(100), await shop.visit(1)]).toEqual([
      undefined,
      'mail 1 note 1',
      100,
    ]);
    await untilLetters(running);
  });
});
