import { expect, test } from 'vitest';
import { asItIs, directions } from './cases.ts';
import { openPair, type Pair } from './pair.ts';
import { writesOf } from './writes.ts';

/** Two values that the type's own `=` calls equal and that are stored otherwise. */
const pairs: readonly (readonly [type: string, here: string, there: string])[] = [
  ['numeric', '1.0', '1.00'],
  ['interval', '1 day', '24:00:00'],
  ['jsonb', '{"a": 1.0}', '{"a": 1.00}'],
  ['real', '0', '-0'],
  ['double precision', '0', '-0'],
  ['public.citext', 'Word', 'word'],
  ['text COLLATE public.any_case', 'Word', 'word'],
  ['varchar(9) COLLATE public.any_case', 'Word', 'WORD'],
  ['bpchar', 'a', 'a  '],
  ['numeric[]', '{1.0,2}', '{1.00,2}'],
  ['double precision[]', '{0}', '{-0}'],
  ['bpchar[]', '{a}', '{"a "}'],
  ['numrange', '[1.0,2]', '[1.00,2]'],
  ['nummultirange', '{[1.0,2]}', '{[1.00,2]}'],
  ['public.money_pair', '(1.0,x)', '(1.00,x)'],
  ['public.money_pair[]', '{"(1.0,x)"}', '{"(1.00,x)"}'],
  ['public.positive', '1.0', '1.00'],
  ['box', '(0,0),(1,4)', '(0,0),(2,2)'],
  ['circle', '<(0,0),1>', '<(5,5),1>'],
  ['path', '[(0,0),(1,1)]', '[(0,0),(2,2)]'],
];

const fixture = (rows: string): string => `
  CREATE EXTENSION citext;
  CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE TYPE money_pair AS (amount numeric, note text);
  CREATE DOMAIN positive AS numeric CHECK (VALUE > 0);
  CREATE TABLE loose (id int PRIMARY KEY, ${pairs.map(([type], index) => `c${index} ${type}`).join(', ')});
  ${rows}`;

const insert = (which: 1 | 2): string =>
  pairs
    .map((pair, index) => `INSERT INTO loose (id, c${index}) VALUES (${index}, '${pair[which]}');`)
    .join('\n');

const ways = [{ way: 'digests', map: undefined }, asItIs] as const;
const cases = directions.flatMap((direction) => ways.map((way) => ({ ...direction, ...way })));

test.for(cases)('values that only `=` calls equal are told apart, $way, $source to $target', async (one) => {
  await using pair = await openPair(one);
  await pair.source.query(fixture(insert(1)));
  await pair.target.query(fixture(insert(2)));
  await expectEqualByOperator(pair);
  const collections = { loose: { scope: 'all' as const, map: one.map } };
  const engine = await pair.engine({ collections, samples: 100 });
  expect((await engine.verify('it')).collections).toMatchObject([
    { different: pairs.length, missing: 0, extra: 0 },
  ]);
  const written = await writesOf(pair.target, 'loose', () => engine.run('it'));
  expect(written).toEqual({ inserted: 0, updated: pairs.length, deleted: 0 });
  expect(await pair.expectSame('loose')).toBe(pairs.length);
  expect(await engine.verify('it')).toMatchObject({ equal: true });
});

/** What the test rests on: if a server saw a difference itself, the test would show nothing. */
async function expectEqualByOperator({ target }: Pair): Promise<void> {
  await target.query('CREATE TABLE other AS TABLE loose WITH NO DATA');
  await target.query(insert(1).replaceAll('INTO loose', 'INTO other'));
  const comparisons = pairs.map(
    (_, index) => `(SELECT l.c${index} = o.c${index} FROM loose l JOIN other o USING (id)
    WHERE id = ${index}) AS c${index}`,
  );
  const { rows } = await target.query<Record<string, boolean>>(`SELECT ${comparisons.join(', ')}`);
  const unequal = pairs.filter((_, index) => rows[0]?.[`c${index}`] !== true);
  expect(unequal).toEqual([]);
}
