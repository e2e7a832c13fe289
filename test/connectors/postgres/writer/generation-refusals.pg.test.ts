import { expect, test } from 'vitest';
import type { Row } from '../../../../src/index.ts';
import type { Target } from '../../../../src/protocol/writer.ts';
import { chunks, holding, leave, row, upsert } from '../../../conformance/writer/writer-under-test.ts';
import { createTestDatabase } from '../../../support/postgres.ts';
import { openTable } from './destination.ts';

const options = holding(1);
const begin = { ...options, readAtMs: 1, positions: null };
const seal = (...targets: readonly Target[]) => ({ ...options, targets, held: null });

const people = `CREATE TABLE people (id int PRIMARY KEY, email text CHECK (email <> 'poison'), note text);
  INSERT INTO people VALUES (9, 'old', NULL), (10, 'old', NULL);
  CREATE TABLE orders (person int REFERENCES people); INSERT INTO orders VALUES (9)`;

test('what is refused is found as often as somebody looks, and is gone once it is taken out, however often', async () => {
  await using db = await createTestDatabase();
  const parts = { target: 'people', columns: ['id', 'email', 'note'] };
  await using opened = await openTable(db, people, parts);
  const { target, writer } = opened;
  const { generations } = writer;
  const staged = await generations.begin(begin);
  await staged.join(target, options);
  const rows = [row(1, 'a'), row(2, 'poison'), row(3, 'b')];
  await staged.stage(
    target,
    [...rows.map((each) => upsert(target, each)), leave(target, 9), leave(target, 10)],
    options,
  );
  await staged.seal(seal(target));
  const found = [
    { key: target.keyOf(row(2, '')), error: { code: 'value-refused' } },
    { key: target.keyOf(row(9, '')), error: { code: 'reference-missing' } },
  ];
  const refused = await generations.sift(staged.id, [target], options);
  expect(refused).toMatchObject(found);
  // Whoever did not get the answer asks again.
  expect(await generations.sift(staged.id, [target], options)).toMatchObject(found);
  await generations.takeOut(staged.id, refused, options);
  await generations.takeOut(staged.id, refused, options);
  expect(await generations.sift(staged.id, [target], options)).toEqual([]);
  expect(await generations.promote(staged.id, [target], options)).toMatchObject({
    state: 'promoted',
    collections: [{ inserted: 2, left: 1 }],
  });
  expect((await db.query('SELECT id, email FROM people ORDER BY id')).rows).toEqual([
    { id: 1, email: 'a' },
    { id: 3, email: 'b' },
    { id: 9, email: 'old' },
  ]);
  await expect(generations.takeOut(staged.id, refused, options)).rejects.toMatchObject({
    code: 'generation-unfit',
  });
});

test('keys of several columns, whose texts have forms of their own', async () => {
  await using db = await createTestDatabase();
  const key = ['at', 'code', 'amount', 'word'];
  await using opened = await openTable(
    db,
    `CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE t (at timestamptz, code char(5), amount numeric(8, 2), word text COLLATE loose, v text CHECK (v <> 'poison'),
      PRIMARY KEY (at, code, amount, word))`,
    { target: 't', columns: [...key, 'v'], key, sourceKey: key },
  );
  const { target, writer } = opened;
  const { generations } = writer;
  const staged = await generations.begin(begin);
  await staged.join(target, options);
  const rowOf = (code: string, v: string): Row => ({
    at: new Date('2026-02-03T04:05:06.789Z'),
    code,
    amount: '1.5',
    word: `Wörd ${code}`,
    v,
  });
  const rows = [rowOf('a', 'poison'), rowOf('b', 'good'), rowOf('c  ', 'poison')];
  await staged.stage(
    target,
    rows.map((each) => upsert(target, each)),
    options,
  );
  await staged.seal(seal(target));
  const refused = await generations.sift(staged.id, [target], options);
  expect(refused).toHaveLength(2);
  await generations.takeOut(staged.id, refused, options);
  expect(await generations.promote(staged.id, [target], options)).toMatchObject({ state: 'promoted' });
  expect((await db.query('SELECT v FROM t')).rows).toEqual([{ v: 'good' }]);
});

test('a target without a key is taken out as a whole, once', async () => {
  await using db = await createTestDatabase();
  await using opened = await openTable(
    db,
    `CREATE TABLE log (id int, v text CHECK (v <> 'poison')); INSERT INTO log VALUES (1, 'old')`,
    { target: 'log', columns: ['id', 'v'], key: [], sourceKey: [] },
  );
  const { target, writer } = opened;
  const { generations } = writer;
  const staged = await generations.begin(begin);
  await staged.join(target, options);
  const filling = { ...options, keepsFormer: true };
  await staged.fill(target, chunks({ id: 1, v: 'new' }, { id: 2, v: 'poison' }), filling);
  await staged.seal(seal(target));
  const refused = await generations.sift(staged.id, [target], options);
  expect(refused).toMatchObject([{ key: null, error: { code: 'value-refused' } }]);
  expect(await generations.sift(staged.id, [target], options)).toMatchObject([{ key: null }]);
  await generations.takeOut(staged.id, refused, options);
  await generations.takeOut(staged.id, refused, options);
  expect(await generations.promote(staged.id, [target], options)).toMatchObject({ collections: [] });
  expect((await db.query('SELECT * FROM log')).rows).toEqual([{ id: 1, v: 'old' }]);
});
