import type { CreateIndexesOptions, Document } from 'mongodb';
import { expect, test } from 'vitest';
import type { Row } from '../../../src/protocol/value.ts';
import { holding, never } from '../../conformance/writer/writer-under-test.ts';
import { createMongoDatabase } from '../../support/mongo.ts';
import { documentsPlan } from '../plan.ts';
import { openCollection } from '../windows.ts';

interface Stored extends Document {
  readonly _id: number;
}

interface Case {
  readonly what: string;
  readonly keys: Readonly<Record<string, 1>>;
  readonly options: CreateIndexesOptions;
  readonly stored: readonly Stored[];
  readonly row: Row;
  readonly held: readonly number[];
}

const cases: readonly Case[] = [
  {
    what: 'a partial index: what is outside it holds nothing',
    keys: { a: 1 },
    options: { partialFilterExpression: { ours: true } },
    stored: [
      { _id: 1, a: 'x' },
      { _id: 2, a: 'x', ours: false },
      { _id: 3, a: 'x', ours: true },
    ],
    row: { a: 'x' },
    held: [3],
  },
  {
    what: 'a partial index without nulls: nobody holds one',
    keys: { a: 1 },
    options: { partialFilterExpression: { a: { $type: 'string' } } },
    stored: [{ _id: 1 }, { _id: 2 }, { _id: 3, a: null }],
    row: { a: null },
    held: [],
  },
  {
    what: 'a sparse index: who has no such field does not hold its absence',
    keys: { a: 1 },
    options: { sparse: true },
    stored: [{ _id: 1 }, { _id: 2 }, { _id: 3, a: 'x' }],
    row: {},
    held: [],
  },
  {
    what: 'a sparse index: a null that is there is held as any value is',
    keys: { a: 1 },
    options: { sparse: true },
    stored: [{ _id: 1 }, { _id: 2 }, { _id: 3, a: null }],
    row: { a: null },
    held: [3],
  },
  {
    what: 'a sparse index over two fields, one of them there',
    keys: { a: 1, b: 1 },
    options: { sparse: true },
    stored: [{ _id: 1 }, { _id: 2, a: 'x', b: 'y' }, { _id: 3, a: 'x' }],
    row: { a: 'x' },
    held: [3],
  },
  {
    what: 'a sparse index over two fields, none of them there',
    keys: { a: 1, b: 1 },
    options: { sparse: true },
    stored: [{ _id: 1 }, { _id: 2 }],
    row: {},
    held: [],
  },
  {
    what: 'an index that has nulls for what is absent',
    keys: { a: 1 },
    options: {},
    stored: [{ _id: 1 }, { _id: 2, a: 'x' }],
    row: { a: null },
    held: [1],
  },
  {
    what: 'an index that does not tell letters by their case',
    keys: { a: 1 },
    options: { collation: { locale: 'en', strength: 2 } },
    stored: [
      { _id: 1, a: 'X' },
      { _id: 2, a: 'y' },
    ],
    row: { a: 'x' },
    held: [1],
  },
];

test.each(cases)('who holds a value: $what', async ({ keys, options, stored, row, held }) => {
  await using database = await createMongoDatabase();
  const t = database.db.collection<Stored>('t');
  await t.createIndex(keys, { ...options, unique: true });
  await t.insertMany([...stored]);
  await using open = await openCollection(database);
  const columns = ['_id', 'a', 'b'].map((name) => ({ target: name, from: { column: name }, type: null }));
  const target = await open.writer.open(
    { ...documentsPlan('t'), columns, scope: { kind: 'all' } },
    holding(1),
  );
  const [holders = []] = await target.holders([{ _id: 9, ...row }], { signal: never });
  expect(holders.map(({ key }) => key)).toEqual(held.map((id) => `{"$numberInt":"${id}"}`));
  const writing = target.apply(
    [{ kind: 'upsert', key: '{"$numberInt":"9"}', row: { _id: 9, ...row } }],
    holding(1),
  );
  // The server judges alike.
  if (held.length === 0 || options.partialFilterExpression !== undefined) await writing;
  else await expect(writing).rejects.toMatchObject({ code: 'unique-conflict' });
});

test('where most documents lack a field, asking who holds its absence reads none of them', async () => {
  await using database = await createMongoDatabase();
  const t = database.db.collection<Stored>('t');
  await t.createIndex({ a: 1 }, { unique: true, sparse: true });
  await t.createIndex({ b: 1 }, { unique: true, partialFilterExpression: { b: { $type: 'string' } } });
  await t.insertMany(Array.from({ length: 3000 }, (_, _id) => ({ _id, n: _id })));
  await using open = await openCollection(database);
  const columns = ['_id', 'a', 'b'].map((name) => ({ target: name, from: { column: name }, type: null }));
  const target = await open.writer.open(
    { ...documentsPlan('t'), columns, scope: { kind: 'all' } },
    holding(1),
  );
  await database.db.command({ profile: 2 });
  const rows = Array.from({ length: 20 }, (_, at) => ({ _id: 5000 + at, a: null, b: null }));
  expect((await target.holders(rows, { signal: never })).flat()).toEqual([]);
  await database.db.command({ profile: 0 });
  const finds = { op: 'query', 'command.find': 't' };
  const asked = await database.db.collection('system.profile').find(finds).toArray();
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.reduce((sum, { docsExamined }) => sum + Number(docsExamined ?? 0), 0)).toBe(0);
});
