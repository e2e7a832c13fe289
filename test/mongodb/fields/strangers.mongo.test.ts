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

const putStrangers = ({ target }: MongoPair) =>
  target.command({
    insert: 't',
    documents: strangers.map(
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
