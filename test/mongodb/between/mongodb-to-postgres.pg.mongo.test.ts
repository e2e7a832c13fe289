import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../../support/postgres.ts';
import { startLive } from '../live-pair.ts';
import { findingsOf, openMongoPair } from '../pair.ts';

const id = '01234567-89ab-4def-8123-456789abcdef';
const hex = '65a1b2c3d4e5f60718293a4b';

/** Each type of BSON in the columns that take it: column, type, value, what PostgreSQL shows. */
const types: readonly (readonly [column: string, type: string, value: unknown, shown: string | null])[] = [
  ['int_as_int', 'integer', new BSON.Int32(-7), '-7'],
  ['double_as_int', 'integer', new BSON.Double(7), '7'],
  ['long_as_bigint', 'bigint', BSON.Long.fromString('9007199254740993'), '9007199254740993'],
  ['double_as_double', 'double precision', new BSON.Double(0.1), '0.1'],
  ['nan', 'double precision', new BSON.Double(Number.NaN), 'NaN'],
  ['decimal_as_numeric', 'numeric', BSON.Decimal128.fromString('1.50'), '1.50'],
  ['int_as_numeric', 'numeric', new BSON.Int32(3), '3'],
  ['text_as_text', 'text', 'ä𝄞', 'ä𝄞'],
  ['oid_as_text', 'text', new BSON.ObjectId(hex), hex],
  ['uuid_as_text', 'text', new BSON.UUID(id), id],
  ['double_as_text', 'text', new BSON.Double(1.5), '1.5'],
  ['decimal_as_text', 'text', BSON.Decimal128.fromString('1.50'), '1.50'],
  ['date_as_text', 'text', new Date(0), '1970-01-01T00:00:00.000Z'],
  ['document_as_text', 'text', { a: new BSON.Int32(1) }, '{"a":1}'],
  ['uuid_as_uuid', 'uuid', new BSON.UUID(id), id],
  ['text_as_uuid', 'uuid', id, id],
  ['yes', 'boolean', true, 't'],
  ['bytes', 'bytea', new BSON.Binary(Buffer.from([0, 255]), 0), '\\x00ff'],
  ['custom_bytes', 'bytea', new BSON.Binary(Buffer.from([1]), 128), '\\x01'],
  ['moment', 'timestamptz', new Date('2026-01-02T03:04:05.678Z'), '2026-01-02 03:04:05.678+00'],
  ['local', 'timestamp', new Date('2026-01-02T03:04:05.678Z'), '2026-01-02 03:04:05.678'],
  ['day', 'date', new Date('2026-01-02T03:04:05.678Z'), '2026-01-02'],
  ['list', 'integer[]', [new BSON.Int32(1), null], '{1,NULL}'],
  [
    'json',
    'jsonb',
    {
      n: new BSON.Double(1),
      l: BSON.Long.fromString('9007199254740993'),
      o: new BSON.ObjectId(hex),
      d: new Date(0),
      r: new BSON.BSONRegExp('a', 'i'),
    },
    `{"d": {"$date": "1970-01-01T00:00:00Z"}, "l": 9007199254740993, "n": 1, "o": {"$oid": "${hex}"}, "r": {"$regularExpression": {"options": "i", "pattern": "a"}}}`,
  ],
  ['timestamp_as_json', 'jsonb', new BSON.Timestamp({ t: 1, i: 2 }), '{"$timestamp": {"i": 2, "t": 1}}'],
  ['nothing', 'integer', null, null],
];

test('every type becomes what the page says', async () => {
  await using database = await createTestDatabase();
  const columns = types.map(([column, type]) => `${column} ${type}`).join(', ');
  await database.query(`CREATE TABLE things (id text PRIMARY KEY, ${columns}, missing int)`);
  await using pair = await openMongoPair();
  const document = Object.fromEntries(types.map(([column, , value]) => [column, value]));
  await pair.source.command({ insert: 'things', documents: [{ _id: new BSON.ObjectId(hex), ...document }] });
  const engine = await pair.engine(
    { collections: { things: { target: 'public.things' } } },
    { destination: { connector: 'postgres', url: database.url } },
  );
  expect((await findingsOf(engine)).filter(({ level }) => level === 'error')).toEqual([]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  const shown = types.map(([column]) => `${column}::text`).join(', ');
  await database.query(`SET TIME ZONE 'UTC'`);
  const { rows } = await database.query(`SELECT id, missing::text, ${shown} FROM things`);
  const expected = Object.fromEntries(
    types.map(([column, type, , text]) => [column, type === 'boolean' ? 'true' : text]),
  );
  expect(rows).toEqual([{ id: hex, missing: null, ...expected }]);
  expect(await engine.verify('it')).toMatchObject({ equal: true });
});

test.each([
  ['text', new BSON.ObjectId(hex), hex],
  ['text', 'a "key"', 'a "key"'],
  ['varchar(40)', new BSON.UUID(id), id],
  ['uuid', new BSON.UUID(id), id],
  ['uuid', id, id],
  ['bigint', new BSON.Int32(42), '42'],
  ['integer', new BSON.Double(42), '42'],
])('an id is found again as a key of %s: changed and gone', async (type, _id, text) => {
  await using database = await createTestDatabase();
  await database.query(`CREATE TABLE t (id ${type} PRIMARY KEY, v text)`);
  await using pair = await openMongoPair();
  await pair.source.command({ insert: 't', documents: [{ _id, v: 'a' }] });
  const engine = await pair.engine(
    { collections: { t: { target: 'public.t' } } },
    { destination: { connector: 'postgres', url: database.url } },
  );
  const stored = async () => (await database.query('SELECT id::text, v FROM t')).rows;
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await stored()).toEqual([{ id: text, v: 'a' }]);
  await pair.source.collection('t').updateMany({}, { $set: { v: 'b' } });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await stored()).toEqual([{ id: text, v: 'b' }]);
  await pair.source.collection('t').deleteMany({});
  await engine.run('it');
  await engine.approve('it');
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await stored()).toEqual([]);
});

test('changes are followed into rows, through a function that sees plain values', async () => {
  await using database = await createTestDatabase();
  await database.query(
    'CREATE TABLE people (id uuid PRIMARY KEY, name text, price double precision, tags jsonb)',
  );
  await using pair = await openMongoPair();
  const source = pair.source.collection('people');
  const ids = Array.from({ length: 40 }, () => new BSON.UUID());
  const person = (index: number) => ({
    _id: ids[index],
    name: `n${index}`,
    price: new BSON.Double(index),
    tags: ['a'],
  });
  await pair.source.command({
    insert: 'people',
    documents: ids.slice(0, 30).map((_, index) => person(index)),
  });
  await using live = await startLive(
    pair,
    {
      collections: {
        people: {
          target: 'public.people',
          mapReads: ['_id', 'name', 'price', 'tags'],
          map: (row) =>
            row['name'] === 'gone'
              ? null
              : {
                  id: row['_id'] ?? null,
                  name: row['name'] ?? null,
                  price: Number(row['price']) * 2,
                  tags: row['tags'] ?? null,
                },
          mapVersion: '1',
        },
      },
    },
    { destination: { connector: 'postgres', url: database.url } },
  );
  await live.caughtUp();
  await pair.source.command({
    insert: 'people',
    documents: ids.slice(30).map((_, index) => person(30 + index)),
  });
  await source.updateOne({ name: 'n3' }, { $set: { name: 'gone' } });
  await source.deleteOne({ name: 'n4' });
  await source.updateOne({ name: 'n5' }, { $set: { price: 1.25 } });
  const { rows: at } = { rows: ids };
  await live.until('all of it is there', async () => {
    const { rows } = await database.query(
      `SELECT count(*)::int AS all, count(*) FILTER (WHERE id = '${at[3]}' OR id = '${at[4]}')::int AS gone,
         count(*) FILTER (WHERE id = '${at[5]}' AND price = 2.5)::int AS changed, count(*) FILTER (WHERE tags = '["a"]')::int AS tagged FROM people`,
    );
    return JSON.stringify(rows[0]) === JSON.stringify({ all: 38, gone: 0, changed: 1, tagged: 38 });
  });
  await live.stop();
  expect(await live.engine.verify('it')).toMatchObject({ equal: true });
});

test('an id that the key column can’t have stops its collection, and no other', async () => {
  await using database = await createTestDatabase();
  await database.query(
    'CREATE TABLE t (id uuid PRIMARY KEY, v text); CREATE TABLE other (id text PRIMARY KEY, v text)',
  );
  await using pair = await openMongoPair();
  const put = (name: string, _id: unknown) =>
    pair.source.command({ insert: name, documents: [{ _id, v: 'a' }] });
  await put('t', new BSON.UUID());
  await put('other', 'one');
  await using live = await startLive(
    pair,
    { collections: { t: { target: 'public.t' }, other: { target: 'public.other' } } },
    { destination: { connector: 'postgres', url: database.url } },
  );
  await live.caughtUp();
  await put('t', 'no uuid');
  await live.until('it has stopped', () =>
    live.log
      .all('collection.status')
      .some(({ collection, status }) => collection === 'public.t' && status !== 'live'),
  );
  await put('other', 'two');
  await live.until('the other goes on', async () => {
    const { rows } = await database.query('SELECT id FROM other');
    return rows.length === 2;
  });
});

test('ids that are one key in the column, as a number and its text are, stop their collection', async () => {
  await using database = await createTestDatabase();
  await database.query(
    `CREATE TABLE things (id text PRIMARY KEY, v text); INSERT INTO things VALUES ('5', 'b')`,
  );
  await using pair = await openMongoPair();
  await pair.source.command({
    insert: 'things',
    documents: [
      { _id: new BSON.Int32(5), v: 'a' },
      { _id: '5', v: 'b' },
    ],
  });
  const engine = await pair.engine(
    { collections: { things: { target: 'public.things', scope: 'all' } } },
    { destination: { connector: 'postgres', url: database.url } },
  );
  const failures = [{ code: 'key-repeated', message: expect.stringContaining('id): ["5"]') }];
  expect(await engine.verify('it')).toMatchObject({ equal: false, failures });
  expect(await engine.run('it')).toMatchObject({ result: 'failed', failures });
  await database.query('TRUNCATE things');
  expect(await engine.run('it'), 'nor are they copied one over the other').toMatchObject({
    result: 'failed',
    failures,
  });
});
