import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Row } from '../../src/index.ts';
import { openPair, type Pair } from './pair.ts';
import { writesOf } from './writes.ts';

/** A kind of key, and the way of comparing that goes with it. */
const kinds = [
  { kind: 'int, in one order', key: 'k int', value: 'n::int', map: undefined },
  { kind: 'uuid, in one order', key: 'k uuid', value: 'md5(n::text)::uuid', map: undefined },
  {
    kind: 'text with a collation, by groups',
    key: 'k text COLLATE "de-x-icu"',
    value: `'k' || n`,
    map: undefined,
  },
  {
    kind: 'int, through a function, by reading',
    key: 'k int',
    value: 'n::int',
    map: (row: Row): Row => ({ ...row }),
  },
] as const;

const editOf = (rows: number) =>
  fc.record({
    side: fc.constantFrom('source', 'target'),
    what: fc.constantFrom('insert', 'update', 'delete'),
    at: fc.integer({ min: 1, max: Math.round(rows * 1.3) }),
    value: fc.constantFrom('x', 'y', 'z'),
  });
type Edit = ReturnType<typeof editOf> extends fc.Arbitrary<infer T> ? T : never;

/** Rows, edits, and with them how partitions are looked at first. */
const amounts = [
  { amount: 'much of a few partitions', rows: 200, edits: { minLength: 1, maxLength: 60 } },
  { amount: 'little of many partitions', rows: 2_000, edits: { minLength: 1, maxLength: 3 } },
];

/** Number of the row → its value, on each side. */
interface Model {
  readonly source: Map<number, string>;
  readonly target: Map<number, string>;
}

const slow = { timeout: 120_000 };

test.for(kinds.flatMap((kind) => amounts.map((amount) => ({ ...kind, ...amount }))))(
  'whatever drifts is found exactly, and repaired by as many writes: $kind, $amount',
  slow,
  async (kind) => {
    await using pair = await openPair();
    await pair.both(`CREATE TABLE t (${kind.key} PRIMARY KEY, n int, v text)`);
    const collections = {
      t: { scope: 'all' as const, map: kind.map, guard: { maxLeavingShare: 1, fromRows: 100_000 } },
    };
    const engine = await pair.engine({ collections, rowsPerPartition: 100, samples: 1000 });
    const edits = fc.array(editOf(kind.rows), kind.edits);
    await fc.assert(
      fc.asyncProperty(edits, async (list) => {
        const model = await drift(pair, kind, list);
        const expected = differences(model);
        const { collections: found } = await engine.verify('it');
        expect(await numbersOf(pair, found[0]?.samples)).toEqual(expected);
        const written = await writesOf(pair.target, 't', () => engine.run('it'));
        const { missing, different, extra } = expected;
        expect(written).toEqual({
          inserted: missing.length,
          updated: different.length,
          deleted: extra.length,
        });
        await pair.expectSame('t');
      }),
      { numRuns: 6, seed: 20_261, endOnFailure: true },
    );
  },
);

interface Rows {
  readonly rows: number;
  /** The key of row n. */
  readonly value: string;
}

/** So many rows on both sides, never all gone, then the edits; the same in memory. */
async function drift(pair: Pair, { rows: count, value: keyOf }: Rows, list: readonly Edit[]): Promise<Model> {
  const start = new Map(Array.from({ length: count }, (_, index) => [index + 1, 'start'] as const));
  await pair.both(
    `TRUNCATE t; INSERT INTO t SELECT ${keyOf}, n, 'start' FROM generate_series(1, ${count}) AS n; ANALYZE t`,
  );
  const model: Model = { source: new Map(start), target: new Map(start) };
  for (const { side, what, at, value } of list) {
    const rows = model[side];
    if (what === 'delete' ? rows.delete(at) : what === 'insert' ? !rows.has(at) : rows.has(at)) {
      if (what !== 'delete') rows.set(at, value);
      await pair[side].query(statementOf(what, keyOf, { at, value }));
    }
  }
  return model;
}

function statementOf(what: Edit['what'], keyOf: string, { at, value }: Pick<Edit, 'at' | 'value'>): string {
  switch (what) {
    case 'insert':
      return `INSERT INTO t SELECT ${keyOf}, n, '${value}' FROM (VALUES (${at})) AS one (n)`;
    case 'update':
      return `UPDATE t SET v = '${value}' WHERE n = ${at}`;
    case 'delete':
      return `DELETE FROM t WHERE n = ${at}`;
  }
}

interface Differences {
  readonly missing: readonly number[];
  readonly extra: readonly number[];
  readonly different: readonly number[];
}

function differences({ source, target }: Model): Differences {
  const sorted = (numbers: Iterable<number>) => [...numbers].toSorted((a, b) => a - b);
  return {
    missing: sorted(source.keys().filter((at) => !target.has(at))),
    extra: sorted(target.keys().filter((at) => !source.has(at))),
    different: sorted(source.keys().filter((at) => target.has(at) && target.get(at) !== source.get(at))),
  };
}

type Samples = Awaited<
  ReturnType<Awaited<ReturnType<Pair['engine']>>['verify']>
>['collections'][number]['samples'];

/** Keys back to the rows' numbers, by the databases. */
async function numbersOf({ source, target }: Pair, samples: Samples | undefined): Promise<Differences> {
  const numbers = async (side: Pair['source'], keys: readonly string[] = []) => {
    const texts = keys.map((key) => JSON.parse(key)[0] as string);
    const { rows } = await side.query<{ n: number }>('SELECT n FROM t WHERE k::text = ANY ($1) ORDER BY n', [
      texts,
    ]);
    return rows.map(({ n }) => n);
  };
  return {
    missing: await numbers(source, samples?.missing),
    extra: await numbers(target, samples?.extra),
    different: await numbers(source, samples?.different),
  };
}

test('differences all over a table of many partitions are found exactly: from the second on row by row', async () => {
  await using pair = await openPair();
  await pair.both(`CREATE TABLE t (k bigint PRIMARY KEY, v text);
    INSERT INTO t SELECT n, 'v' || n FROM generate_series(-3000, 3000) AS n; ANALYZE t`);
  await pair.source.query(`UPDATE t SET v = 'new' WHERE k % 50 = 0; DELETE FROM t WHERE k % 50 = 1`);
  await pair.target.query('DELETE FROM t WHERE k % 50 = 2');
  const collections = { t: { scope: 'all' as const } };
  const engine = await pair.engine({ collections, rowsPerPartition: 500, lanes: 1 });
  const { collections: found } = await engine.verify('it');
  expect(found[0]).toMatchObject({ different: 121, extra: 60, missing: 60 });
  const written = await writesOf(pair.target, 't', () => engine.run('it'));
  expect(written).toEqual({ inserted: 60, updated: 121, deleted: 60 });
  await pair.expectSame('t');
});
