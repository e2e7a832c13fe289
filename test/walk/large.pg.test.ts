import { expect, test } from 'vitest';
import { openPair, type Pair } from './pair.ts';
import { writesOf } from './writes.ts';

const rows = 200_000;
const slow = { timeout: 120_000 };

test.for([
  { way: 'ranges', key: 'int' },
  { way: 'groups', key: 'numeric' },
])(
  'less than 0.1 % of $way of 200,000 rows: a repair writes that and nothing else',
  slow,
  async ({ key, way }) => {
    await using pair = await openPair();
    await pair.source.query(`CREATE TABLE t (k ${key} PRIMARY KEY, n int, name text, at timestamptz, amount numeric(12,2));
    INSERT INTO t SELECT n * 3, n, 'name ' || n, timestamptz '2024-01-01' + n * interval '1 minute', n / 7.0 FROM generate_series(1, ${rows}) AS n; ANALYZE t`);
    const engine = await pair.engine({ collections: ['t'], create: true, rowsPerPartition: 20_000 });
    expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: rows }] });
    await pair.target.query(
      `UPDATE t SET amount = amount + 1 WHERE n % 2000 = 7; DELETE FROM t WHERE n % 5000 = 9; INSERT INTO t SELECT n * 3 + 1, 0, 'extra' FROM generate_series(1, 30) AS n`,
    );
    const verified = await engine.verify('it');
    expect(verified.collections).toMatchObject([
      { missing: 40, extra: 30, different: 100, method: `digests of ${way}`, sourceRows: rows },
    ]);
    const written = await writesOf(pair.target, 't', () => engine.verify('it', { repair: true }));
    expect(written).toEqual({ inserted: 40, updated: 100, deleted: 30 });
    expect(await pair.expectSame('t')).toBe(rows);
  },
);

test.for([1, 2, 8])(
  'with %i lanes, small pieces and a source that changes meanwhile, one moment arrives; the next quiet run catches up',
  slow,
  async (lanes) => {
    await using pair = await openPair();
    await pair.source.query(`CREATE TABLE parents (id int PRIMARY KEY, v int);
    CREATE TABLE children (id int PRIMARY KEY, parent int NOT NULL REFERENCES parents, v int);
    INSERT INTO parents SELECT n, 0 FROM generate_series(0, 3000) AS n;
    INSERT INTO children SELECT n, n % 3000 + 1, 0 FROM generate_series(0, 6000) AS n; ANALYZE`);
    const engine = await pair.engine({
      collections: ['children', 'parents'],
      create: true,
      lanes,
      rowsPerPartition: 250,
      guard: { maxLeavingShare: 1 },
    });
    let next = 10_000;
    for (const phase of ['copy', 'compare']) {
      await using writer = await busyWriter(pair, () => (next += 1));
      const run = await engine.run('it');
      expect({ phase, result: run.result, deadLetters: run.deadLetters, failures: run.failures }).toEqual({
        phase,
        result: 'equal',
        deadLetters: 0,
        failures: [],
      });
      expect(writer.transactions()).toBeGreaterThan(0);
      const { rows: moments } = await pair.target.query(
        `SELECT p.v = c.v AS one FROM parents p, children c WHERE p.id = 0 AND c.id = 0`,
      );
      expect(moments).toEqual([{ one: true }]);
    }
    expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
    await pair.expectSame('parents');
    await pair.expectSame('children');
    expect(await engine.verify('it')).toMatchObject({ equal: true });
  },
);

/** In each transaction the rows 0 of both tables get the same value. Adds families, moves children to new parents, and takes old parents away, one transaction after the other. */
async function busyWriter({ source }: Pair, newId: () => number) {
  const client = await source.connect();
  let stopped = false;
  let transactions = 0;
  const work = (async () => {
    while (!stopped) {
      const id = newId();
      await client.query(`BEGIN; INSERT INTO parents VALUES (${id}, 1); INSERT INTO children VALUES (${id}, ${id}, 1);
        UPDATE children SET parent = ${id}, v = v + 1 WHERE parent = ${(id % 3000) + 1};
        DELETE FROM parents WHERE id = ${(id % 3000) + 1}; UPDATE parents SET v = ${id} WHERE id = 0; UPDATE children SET v = ${id} WHERE id = 0; COMMIT`);
      transactions += 1;
    }
  })();
  return {
    transactions: () => transactions,
    async [Symbol.asyncDispose]() {
      stopped = true;
      await work;
      await client.end();
    },
  };
}
