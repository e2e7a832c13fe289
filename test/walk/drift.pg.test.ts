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

const edit = fc.record({
  side: fc.constantFrom('source', 'target'),
  what: fc.constantFrom('insert', 'update', 'delete'),
  at: fc.integer({ min: 1, max: 260 }),
  value: fc.constantFrom('x', 'y', 'z'),
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

/** Number of the row → its value, on each side. */
interface Model {
  readonly source: Map<number, string>;
  readonly target: Map<number, string>;
}

const slow = { timeout: 120_000 };

test.for(kinds)(
  'whatever drifts is found exactly, and repaired by as many writes: $kind',
  slow,
  async (kind) => {
    await using pair = await openPair();
    await pair.both(`CREATE TABLE t (${kind.key} PRIMARY KEY, n int, v text)`);
    const collections = {
      t: { scope: 'all' as const, map: kind.map, guard: { maxLeavingShare: 1, fromRows: 100_000 } },
    };
    const engine = await pair.engine({ collections, rowsPerPartition: 100, samples: 1000 });
    const edits = fc.array(edit, { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(edits, async (list) => {
        const model = await drift(pair, kind.value, list);
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

/** 200 rows on both sides, never all gone, then the edits; the same in memory. */
async function drift(pair: Pair, keyOf: string, list: readonly Edit[]): Promise<Model> {
  const start = new Map(Array.from({ length: 200 }, (_, index) => [index + 1, 'start'] as const));
  await pair.both(`TRUNCATE t; INSERT INTO t SELECT ${keyOf}, n, 'start' FROM generate_series(1, 200) AS n`);
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
