import { BSON, type Document } from 'mongodb';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../../support/postgres.ts';
import { startLive } from '../live-pair.ts';
import { findingsOf, openMongoPair } from '../pair.ts';

/** Each type of PostgreSQL that becomes another than text: column, type, value, field. */
const types: readonly (readonly [column: string, type: string, value: string, field: unknown])[] = [
  ['small', 'smallint', '-7', new BSON.Int32(-7)],
  ['whole', 'integer', '2147483647', new BSON.Int32(2147483647)],
  ['big', 'bigint', '9007199254740993', BSON.Long.fromString('9007199254740993')],
  ['one', 'bigint', '1', new BSON.Long(1)],
  ['single', 'real', '1', new BSON.Double(1)],
  ['twice', 'double precision', '0.1', new BSON.Double(0.1)],
  ['nan', 'double precision', 'NaN', new BSON.Double(Number.NaN)],
  ['amount', 'numeric(12,2)', '1.50', BSON.Decimal128.fromString('1.50')],
  ['yes', 'boolean', 'true', true],
  ['name', 'text', 'ä𝄞', 'ä𝄞'],
  ['short', 'varchar(5)', 'abc', 'abc'],
  ['padded', 'char(4)', 'ab', 'ab  '],
  [
    'owner',
    'uuid',
    '01234567-89ab-4def-8123-456789abcdef',
    new BSON.UUID('01234567-89ab-4def-8123-456789abcdef'),
  ],
  ['raw', 'bytea', '\\x00ff', new BSON.Binary(Buffer.from([0, 255]), 0)],
  [
    'data',
    'jsonb',
    '{"b": [1, 1.5, null], "a": "x"}',
    { a: 'x', b: [new BSON.Int32(1), new BSON.Double(1.5), null] },
  ],
  ['day', 'date', '2026-01-02', '2026-01-02'],
  ['clock', 'time', '03:04:05.5', '03:04:05.5'],
  ['made', 'timestamptz(3)', '2026-01-02 03:04:05.678+00', new Date('2026-01-02T03:04:05.678Z')],
  ['late', 'timestamp(3)', '2026-01-02 03:04:05.678', new Date('2026-01-02T03:04:05.678Z')],
  ['fine', 'timestamptz', '2026-01-02 03:04:05.678901+00', new Date('2026-01-02T03:04:05.678Z')],
  ['span', 'interval', '1 day 02:00:00', '1 day 02:00:00'],
  ['many', 'int[]', '{1,NULL}', '{1,NULL}'],
  ['net', 'inet', '10.0.0.1', '10.0.0.1/32'],
  ['nothing', 'integer', 'NULL', null],
];

const keepingTypes = { promoteValues: false, promoteLongs: false, promoteBuffers: false } as const;

const exact = (document: Document | null | undefined): string =>
  BSON.EJSON.stringify(document, { relaxed: false });

const textOf = (id: unknown): string => (id instanceof BSON.Binary ? String(id.toUUID()) : 'no uuid');

test('every type becomes what the page says, and what loses something is told', async () => {
  await using database = await createTestDatabase();
  const columns = types.map(([column, type]) => `${column} ${type}`).join(', ');
  const values = types.map(([, , value]) => (value === 'NULL' ? value : `'${value}'`)).join(', ');
  await database.query(`CREATE TABLE things (id int PRIMARY KEY, ${columns})`);
  await database.query(`INSERT INTO things VALUES (1, ${values})`);
  await using pair = await openMongoPair();
  const source = { connector: 'postgres', url: database.url } as const;
  const engine = await pair.engine(
    { collections: { things: { target: 'things' } }, create: true },
    { source },
  );
  expect(
    (await findingsOf(engine)).map(({ level, code, message }) => [
      level,
      code,
      /\.(\w+): of/.exec(message)?.[1],
    ]),
  ).toEqual([
    ['warning', 'mongodb-value-narrowed', 'late'],
    ['warning', 'mongodb-value-narrowed', 'fine'],
  ]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 1 }] });
  const stored = await pair.target.collection<Document>('things').findOne({}, keepingTypes);
  const expected = Object.fromEntries(types.map(([column, , , field]) => [column, field]));
  expect(exact(stored)).toBe(exact({ _id: new BSON.Int32(1), ...expected }));
  expect(await engine.verify('it')).toMatchObject({ equal: true });
});

test.each([
  ['int', '42', new BSON.Int32(42)],
  ['bigint', '42', new BSON.Long(42)],
  ['uuid', '01234567-89ab-4def-8123-456789abcdef', new BSON.UUID('01234567-89ab-4def-8123-456789abcdef')],
  ['text', 'a "key"', 'a "key"'],
])('a key of type %s is found again: changed, gone, and beside ids of others', async (type, key, id) => {
  await using database = await createTestDatabase();
  await database.query(`CREATE TABLE t (id ${type} PRIMARY KEY, v text)`);
  await database.query(`INSERT INTO t VALUES ('${key}', 'a')`);
  await using pair = await openMongoPair();
  const query: Document = { _id: id };
  const target = pair.target.collection<Document>('t');
  const theirs = [{ _id: new BSON.ObjectId() }, { _id: new Date(0) }];
  await pair.target.command({ insert: 't', documents: theirs });
  const engine = await pair.engine(
    { collections: { t: { target: 't', scope: 'owned' } } },
    { source: { connector: 'postgres', url: database.url } },
  );
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ inserted: 1 }] });
  expect(await target.findOne(query)).toMatchObject({ v: 'a' });
  await database.query(`UPDATE t SET v = 'b'`);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ updated: 1 }] });
  expect(await target.findOne(query)).toMatchObject({ v: 'b' });
  await database.query(
    `INSERT INTO t SELECT ${type === 'int' || type === 'bigint' ? '43' : type === 'uuid' ? 'gen_random_uuid()' : `'other'`}, 'c'`,
  );
  await database.query(`DELETE FROM t WHERE id = '${key}'`);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ inserted: 1, left: 1 }] });
  expect(await target.countDocuments()).toBe(3);
});

test('a key that would come back as another one is told, and neither kept nor taken for that', async () => {
  await using database = await createTestDatabase();
  await database.query(
    `CREATE TABLE t (code text PRIMARY KEY, v text); INSERT INTO t VALUES ('007', 'a'), ('7', 'b'), ('-0', 'c'), ('x', 'd')`,
  );
  await using pair = await openMongoPair();
  const collections = {
    t: { target: 't', columns: { _id: { column: 'code', as: 'long' }, v: true } },
  } as const;
  const source = { connector: 'postgres', url: database.url, capture: { kind: 'triggers' } } as const;
  const engine = await pair.engine({ collections, create: true }, { source });
  const refused = async () =>
    (await engine.letters('it')).letters.map(({ code, key }) => `${code} ${key}`).toSorted();
  for (const inserted of [1, 0]) {
    expect(await engine.run('it')).toMatchObject({ collections: [{ inserted, left: 0, deadLetters: 3 }] });
    expect(await refused()).toEqual(
      ['["-0"]', '["007"]', '["x"]'].map((key) => `value-not-encodable ${key}`),
    );
  }
  await using live = await startLive(pair, { collections }, { source });
  await live.caughtUp();
  await database.query(`DELETE FROM t WHERE code IN ('007', '-0'); INSERT INTO t VALUES ('0', 'e')`);
  await live.until('the letters are settled', async () => (await refused()).length === 1);
  await live.stop();
  expect(await pair.target.collection('t').find({}, keepingTypes).sort({ _id: 1 }).toArray()).toEqual([
    { _id: new BSON.Long(0), v: 'e' },
    { _id: new BSON.Long(7), v: 'b' },
  ]);
});

test.each([{ kind: 'triggers' }, { kind: 'logical' }] as const)(
  'changes are followed into documents, by $kind',
  async (capture) => {
    await using database = await createTestDatabase();
    await database.query('CREATE TABLE people (id uuid PRIMARY KEY, name text, age int, secret text)');
    await database.query(
      `INSERT INTO people SELECT gen_random_uuid(), 'n' || i, i, 's' FROM generate_series(1, 50) i`,
    );
    await using pair = await openMongoPair();
    const target = pair.target.collection<Document>('people');
    const columns = { _id: 'id', 'profile.name': 'name', age: { column: 'age', as: 'long' } };
    const source = { connector: 'postgres', url: database.url, capture } as const;
    await using live = await startLive(
      pair,
      { collections: { people: { target: 'people', columns } }, create: true },
      { source },
    );
    await live.caughtUp();
    await target.updateMany({}, { $set: { theirs: true } });
    await database.query(`UPDATE people SET name = 'new' WHERE age <= 10`);
    await database.query('DELETE FROM people WHERE age > 40');
    await database.query(`INSERT INTO people VALUES (gen_random_uuid(), 'late', 99, 's')`);
    await live.until('all of it is there', async () => {
      const counts = [
        await target.countDocuments({ 'profile.name': 'new', theirs: true }),
        await target.countDocuments(),
        await target.countDocuments({ age: 99, theirs: { $exists: false } }),
      ];
      return counts.join() === '10,41,1';
    });
    await live.stop();
    expect(await live.engine.verify('it')).toMatchObject({ equal: true });
    const there = await target.find({}, keepingTypes).sort({ age: 1 }).toArray();
    expect(there.every((document) => document['age'] instanceof BSON.Long && !('secret' in document))).toBe(
      true,
    );
    const { rows } = await database.query('SELECT id::text, name FROM people ORDER BY age');
    expect(
      there.map((document) => ({ id: textOf(document['_id']), name: document['profile'].name })),
    ).toEqual(rows);
  },
);
