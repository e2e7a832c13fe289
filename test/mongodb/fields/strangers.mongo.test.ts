import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../../support/postgres.ts';
import { everyId } from '../documents.ts';
import { startLive } from '../live-pair.ts';
import { type MongoPair, openMongoPair } from '../pair.ts';

/** What the target keeps our ids as, and so no id of ours. */
const strangers = everyId.filter((id) => !(id instanceof BSON.Binary && id.sub_type === 4));
const uuid = '01234567-89ab-4def-8123-456789abcdef';
const ours = { _id: new BSON.UUID(uuid), v: 'a' };

interface Item {
  readonly _id: string | BSON.UUID;
  readonly v: string;
}

const putStrangers = ({ target }: MongoPair, ids: readonly unknown[] = strangers) =>
  target.command({
    insert: 't',
    documents: ids.map(
      (id) =>
        new Map([
          ['_id', id],
          ['v', 'theirs'],
        ]),
    ),
  });
const left = ({ target }: MongoPair) => target.collection<Item>('t').find().toArray();
const columns = { _id: { column: '_id', as: 'uuid' }, v: true } as const;

test.each(['all', 'owned'] as const)(
  'ids that no document of the source can have are found extra where everything is ours: scope %s',
  async (scope) => {
    await using pair = await openMongoPair();
    await pair.source.collection<Item>('t').insertOne({ ...ours, _id: uuid });
    await putStrangers(pair);
    const engine = await pair.engine({ collections: { t: { columns, scope } } });
    const extra = scope === 'all' ? strangers.length : 0;
    expect(await engine.verify('it')).toMatchObject({ collections: [{ missing: 1, extra, different: 0 }] });
    expect(await engine.run('it')).toMatchObject({
      result: 'equal',
      collections: [{ inserted: 1, left: extra }],
    });
    expect(await left(pair)).toHaveLength(scope === 'all' ? 1 : strangers.length + 1);
    expect(await engine.verify('it')).toMatchObject({ equal: true });
  },
);

test('so they are where the source is a table', async () => {
  await using database = await createTestDatabase();
  await database.query(`CREATE TABLE t (id uuid PRIMARY KEY, v text); INSERT INTO t VALUES ('${uuid}', 'a')`);
  await using pair = await openMongoPair();
  await putStrangers(pair);
  const engine = await pair.engine(
    { collections: { t: { target: 't', scope: 'all' } } },
    { source: { connector: 'postgres', url: database.url } },
  );
  expect(await engine.verify('it')).toMatchObject({
    collections: [{ missing: 1, extra: strangers.length, different: 0 }],
  });
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [{ inserted: 1, left: strangers.length }],
  });
  expect(await left(pair)).toEqual([ours]);
});

/** Of the type in which our ids are stored, and nothing that the key can be. */
const alike: readonly {
  readonly type: string;
  readonly value: string;
  readonly ids: readonly unknown[];
  readonly as?: string;
}[] = [
  { type: 'integer', value: '7', ids: [new BSON.Double(1.7e12), BSON.Long.fromString('3000000000')] },
  { type: 'smallint', value: '7', ids: [new BSON.Int32(40_000), BSON.Long.fromString('3000000000')] },
  { type: 'bigint', value: '7', ids: [new BSON.Double(1e19), BSON.Decimal128.fromString('1E+20')] },
  { type: 'uuid', value: uuid, ids: ['hello', ''], as: 'string' },
  { type: 'date', value: '2026-01-02', ids: ['hello', '2026-13-45', '0001-01-01 hello'] },
  { type: 'interval', value: '1 day', ids: ['hello', '99999999999 years'] },
  { type: 'inet', value: '10.0.0.1', ids: ['hello', '10.0.0.300'] },
  { type: 'mood', value: 'good', ids: ['hello', 'Good'] },
  { type: 'text', value: 'a', ids: ['\0', 'a\0'] },
  { type: 'int[]', value: '{1,2}', ids: ['hello', '{1,x}', '{3000000000}'] },
];

test.each(alike)(
  'so they are of the type of our ids, where a key of type $type is none of them',
  async ({ type, value, ids, as }) => {
    await using database = await createTestDatabase();
    await database.query(
      `CREATE TYPE mood AS ENUM ('good'); CREATE TABLE t (id ${type} PRIMARY KEY, v text); INSERT INTO t VALUES ('${value}', 'a')`,
    );
    await using pair = await openMongoPair();
    await putStrangers(pair, ids);
    const named = as === undefined ? {} : { columns: { _id: { column: 'id', as }, v: true as const } };
    const engine = await pair.engine(
      { collections: { t: { target: 't', scope: 'all', ...named } } },
      { source: { connector: 'postgres', url: database.url } },
    );
    expect(await engine.verify('it')).toMatchObject({ collections: [{ missing: 1, extra: ids.length }] });
    expect(await engine.run('it')).toMatchObject({
      result: 'equal',
      collections: [{ inserted: 1, left: ids.length }],
    });
    expect(await left(pair)).toHaveLength(1);
    expect(await engine.verify('it')).toMatchObject({ equal: true });
  },
);

test('so they are beside changes of a table that flow', async () => {
  await using database = await createTestDatabase();
  await database.query(`CREATE TABLE t (id smallint PRIMARY KEY, v text); INSERT INTO t VALUES (7, 'a')`);
  await using pair = await openMongoPair();
  await putStrangers(pair, [new BSON.Int32(40_000), BSON.Long.fromString('3000000000')]);
  const source = { connector: 'postgres', url: database.url } as const;
  await using live = await startLive(pair, { collections: { t: { target: 't', scope: 'all' } } }, { source });
  await live.caughtUp();
  await live.until('they are gone', async () => (await left(pair)).length === 1);
  await database.query(`INSERT INTO t VALUES (8, 'b')`);
  await live.until('changes flow', async () => (await left(pair)).length === 2);
  await live.stop();
});

test('so they are beside changes that flow', async () => {
  await using pair = await openMongoPair();
  await pair.source.collection<Item>('t').insertOne({ ...ours, _id: uuid });
  await using live = await startLive(pair, { collections: { t: { columns, scope: 'all' } }, create: true });
  await live.caughtUp();
  await putStrangers(pair);
  expect(await live.engine.verify('it', { repair: true })).toMatchObject({ equal: true });
  expect(await left(pair)).toEqual([ours]);
  await live.stop();
});
