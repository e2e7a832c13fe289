import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import type { Row } from '../../../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { startLive } from '../live-pair.ts';
import { findingsOf, type MongoPair, openMongoPair } from '../pair.ts';

const ids = Array.from({ length: 3 }, () => new BSON.UUID());
const people = ids.map((_id, index) => ({
  _id,
  name: `n${index}`,
  profile: { age: new BSON.Int32(20 + index) },
  tags: ['a'],
  paid: BSON.Decimal128.fromString('1.50'),
  made: new Date(index),
}));

const columns = {
  id: { column: '_id', as: 'uuid' },
  name: { column: 'name', as: 'varchar(9)' },
  age: { column: 'profile.age', as: 'int8' },
  tags: { column: 'tags', as: 'jsonb' },
  paid: { column: 'paid', as: 'numeric(12,2)' },
  made: { column: 'made', as: 'timestamp(3) with time zone' },
} as const;

const to = (database: TestDatabase) =>
  ({ destination: { connector: 'postgres', url: database.url } }) as const;

const put = ({ source }: MongoPair) => source.command({ insert: 'people', documents: people });

const columnsOf = async (database: TestDatabase) => {
  const { rows } = await database.query<{ column: string }>(
    `SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) AS column FROM pg_attribute a
     WHERE attrelid = to_regclass('app.people') AND attnum > 0 ORDER BY attnum`,
  );
  return rows.map(({ column }) => column);
};

test('a missing table is planned with its key, made of the types that are named, filled, and followed', async () => {
  await using database = await createTestDatabase();
  await using pair = await openMongoPair();
  await put(pair);
  const settings = { collections: { people: { target: 'app.people', columns } }, create: true } as const;
  const engine = await pair.engine(settings, to(database));
  const { steps, failures } = await engine.plan('it');
  expect(failures).toEqual([]);
  const ofTable = steps.filter(({ statement }) => statement?.includes('"app"'));
  expect(ofTable.map(({ statement }) => statement)).toEqual([
    'CREATE SCHEMA "app"',
    `CREATE TABLE "app"."people" (
  "id" uuid,
  "name" character varying(9),
  "age" bigint,
  "tags" jsonb,
  "paid" numeric(12,2),
  "made" timestamp(3) with time zone
)`,
    'ALTER TABLE "app"."people" ADD CONSTRAINT "people_lockstep_key" PRIMARY KEY ("id")',
  ]);
  expect(await columnsOf(database)).toEqual([]);

  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 3 }] });
  expect(await columnsOf(database)).toEqual([
    'id uuid',
    'name character varying(9)',
    'age bigint',
    'tags jsonb',
    'paid numeric(12,2)',
    'made timestamp(3) with time zone',
  ]);
  const stored = async () => {
    const { rows } = await database.query(
      `SELECT id::text, name, age::int, tags::text, paid::text, extract(epoch FROM made) * 1000 AS ms FROM app.people ORDER BY made`,
    );
    return rows;
  };
  expect(await stored()).toMatchObject(
    ids.map((id, index) => ({
      id: String(id),
      name: `n${index}`,
      age: 20 + index,
      tags: '["a"]',
      paid: '1.50',
    })),
  );
  expect(await engine.plan('it')).toMatchObject({ inStep: true, steps: [] });
  expect(await engine.run('it')).toMatchObject({ collections: [{ copied: 0, inserted: 0, updated: 0 }] });
  expect(await engine.verify('it')).toMatchObject({ equal: true });

  await using live = await startLive(pair, settings, to(database));
  await live.caughtUp();
  await pair.source.collection('people').updateOne({ name: 'n1' }, { $set: { 'profile.age': 99 } });
  await pair.source.collection('people').deleteOne({ name: 'n2' });
  await live.until(
    'both are there',
    async () => JSON.stringify(await stored()).includes('"age":99') && (await stored()).length === 2,
  );
  await live.stop();
  expect(await live.engine.verify('it')).toMatchObject({ equal: true });
});

test('a first live copy makes the table, and a function fills columns whose types are named', async () => {
  await using database = await createTestDatabase();
  await using pair = await openMongoPair();
  await put(pair);
  const mapping = {
    target: 'app.people',
    mapReads: ['_id', 'name'],
    map: (row: Row): Row => ({ id: row['_id'] ?? null, label: `#${String(row['name'])}` }),
    mapVersion: '1',
    columns: { id: { column: '_id', as: 'text' }, label: { mapped: true, as: 'text' } },
  } as const;
  await using live = await startLive(pair, { collections: { people: mapping }, create: true }, to(database));
  await live.caughtUp();
  await live.stop();
  expect(await live.engine.verify('it')).toMatchObject({ equal: true });
  const { rows } = await database.query('SELECT id, label FROM app.people ORDER BY label');
  expect(rows).toEqual(ids.map((id, index) => ({ id: String(id), label: `#n${index}` })));
});

test.each([
  {
    what: 'a column without a type',
    columns: { id: { column: '_id', as: 'uuid' }, name: true as const, age: 'profile.age' },
    code: 'postgres-columns-untyped',
    says: 'nothing says the types of name, age',
  },
  {
    what: 'a type that the destination does not have',
    columns: { id: { column: '_id', as: 'uuid' }, name: { column: 'name', as: 'strnig' } },
    code: 'type-unknown',
    says: 'app.people.name: the destination has no type strnig',
  },
  {
    what: 'a text that is no type',
    columns: { id: { column: '_id', as: 'uuid)' } },
    code: 'type-unknown',
    says: 'no type uuid)',
  },
  {
    what: 'a key of a type that holds no id',
    columns: { id: { column: '_id', as: 'numeric' }, name: { column: 'name', as: 'text' } },
    code: 'mongodb-id-unfit',
    says: 'numeric',
  },
  { what: 'columns that nobody names', columns: {}, code: 'columns-unnamed', says: 'app.people' },
])('$what is told before anything is made', async ({ columns: named, code, says }) => {
  await using database = await createTestDatabase();
  await using pair = await openMongoPair();
  await put(pair);
  const mapping = { target: 'app.people', ...(Object.keys(named).length > 0 && { columns: named }) };
  const engine = await pair.engine({ collections: { people: mapping }, create: true }, to(database));
  const errors = (await findingsOf(engine)).filter(({ level }) => level === 'error');
  expect(errors).toMatchObject([{ code, message: expect.stringContaining(says) }]);
  await expect(engine.run('it')).rejects.toMatchObject({ exit: 'configuration' });
  expect(await columnsOf(database)).toEqual([]);
});
