import { describe, expect, test } from 'vitest';
import { openLivePair } from './live-pair.ts';

const tables = `CREATE TABLE parts (a int, id int, v text, PRIMARY KEY (a, id)); CREATE TABLE good (id int PRIMARY KEY);
  INSERT INTO parts SELECT 1, n, 'v' || n FROM generate_series(1, 10) AS n`;
const settings = {
  collections: { parts: { columns: ['id', 'v'], key: ['id'] }, good: {} },
};

describe.each(['logical', 'triggers'] as const)(
  'with %s, of a key that the source may have twice',
  (capture) => {
    test('a row that gives it to another one follows; one that shares it stops its collection alone', async () => {
      await using pair = await openLivePair({ capture });
      await pair.source.query(tables);
      await pair.target.query(
        'CREATE TABLE parts (id int PRIMARY KEY, v text); CREATE TABLE good (id int PRIMARY KEY)',
      );
      const now = async (): Promise<unknown> =>
        (await pair.target.query('SELECT id, v FROM parts WHERE id IN (4, 5) ORDER BY id')).rows;
      {
        await using running = await pair.start(settings);
        await pair.source.query(
          `BEGIN; DELETE FROM parts WHERE id = 5; INSERT INTO parts VALUES (2, 5, 'other'); COMMIT; DELETE FROM parts WHERE id = 4`,
        );
        await running.until(
          'both have followed',
          async () => JSON.stringify(await now()) === '[{"id":5,"v":"other"}]',
        );
        await pair.source.query(`INSERT INTO parts VALUES (1, 5, 'again')`);
        await running.until('it has stopped', () => (running.told.failed?.length ?? 0) > 0);
        expect(running.told.failed).toMatchObject([
          {
            collection: 'public.parts',
            code: 'key-repeated',
            message: expect.stringContaining('(id): ["5"]'),
          },
        ]);
        await pair.source.query('INSERT INTO good VALUES (1)');
        await running.until(
          'the other one goes on',
          async () => (await pair.target.query('SELECT FROM good')).rows.length === 1,
        );
        expect(await now()).toEqual([{ id: 5, v: 'other' }]);
        expect(await running.engine.verify('it')).toMatchObject({
          equal: false,
          failures: [{ code: 'key-repeated' }],
        });
        await running.stop();
      }
      await pair.source.query('DELETE FROM parts WHERE a = 2');
      await using running = await pair.start(settings);
      await running.until(
        'it has come back',
        async () => JSON.stringify(await now()) === '[{"id":5,"v":"again"}]',
      );
      expect(await running.engine.verify('it')).toMatchObject({ equal: true });
      await running.stop();
    });
  },
);
