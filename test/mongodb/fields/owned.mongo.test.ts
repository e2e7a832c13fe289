import type { Document } from 'mongodb';
import { expect, test } from 'vitest';
import type { Row } from '../../../src/index.ts';
import type { Leaving } from '../../../src/protocol/mapping.ts';
import type { Outcome } from '../../../src/protocol/outcome.ts';
import { holding } from '../../conformance/writer/writer-under-test.ts';
import { createMongoDatabase } from '../../support/mongo.ts';
import { startLive } from '../live-pair.ts';
import { findingsOf, type MongoPair, openMongoPair } from '../pair.ts';
import { drop, type OpenedCollection, openCollection, set, windowOver } from '../windows.ts';

interface Item {
  readonly _id: number;
  readonly v: string;
  readonly theirs?: boolean;
}

const item = (id: number, v = `v${id}`): Item => ({ _id: id, v });
const both = ({ source, target }: MongoPair) =>
  [source.collection<Item>('t'), target.collection<Item>('t')] as const;

const fields = { columns: ['_id', 'v'] };
const kept = async ({ target }: MongoPair) =>
  (await target.collection('lockstep_state_keys').find().toArray()).length;

test.each([
  ['whole documents', {}],
  ['fields', fields],
])('%s: of a collection that others filled only what we wrote is ours', async (_, mapping) => {
  await using pair = await openMongoPair();
  const [source, target] = both(pair);
  await target.insertMany([item(1, 'a stranger'), item(100)]);
  await source.insertMany([item(1), item(2), item(3)]);
  const engine = await pair.engine({ collections: { t: mapping } });
  expect(await findingsOf(engine)).toMatchObject([
    { code: 'mongodb-written-directly', level: 'info' },
    { code: 'target-not-ours', level: 'warning' },
  ]);
  expect(await engine.run('it')).toMatchObject({ collections: [{ inserted: 2, clashes: 1 }] });
  expect(await target.find().sort({ _id: 1 }).toArray()).toEqual([
    item(1, 'a stranger'),
    item(2),
    item(3),
    item(100),
  ]);
  expect(await kept(pair)).toBe(2);
  await source.deleteOne({ _id: 2 });
  await source.updateOne({ _id: 3 }, { $set: { v: 'new' } });
  expect(await engine.run('it')).toMatchObject({ collections: [{ left: 1, updated: 1, clashes: 1 }] });
  expect(await target.find().sort({ _id: 1 }).toArray()).toEqual([
    item(1, 'a stranger'),
    item(3, 'new'),
    item(100),
  ]);
  expect(await kept(pair)).toBe(1);
  await target.deleteOne({ _id: 1 });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ inserted: 1 }] });
  expect(await engine.verify('it')).toMatchObject({ equal: true });
  await engine.remove('it');
  expect(await pair.target.listCollections({}, { nameOnly: true }).toArray()).toMatchObject([{ name: 't' }]);
});

test('what is followed is kept track of, and a stranger’s document stays his', async () => {
  await using pair = await openMongoPair();
  const [source, target] = both(pair);
  await target.insertOne({ ...item(7, 'a stranger'), theirs: true });
  await source.insertMany([item(1), item(2)]);
  await using live = await startLive(pair, { collections: { t: { ...fields, scope: 'owned' } } });
  await live.caughtUp();
  await source.insertMany([item(3), item(7)]);
  await source.deleteOne({ _id: 1 });
  await source.updateOne({ _id: 2 }, { $set: { v: 'new' } });
  await live.until('all of it is there', async () => {
    const [one, two, three] = await Promise.all([1, 2, 3].map((_id) => target.findOne({ _id })));
    return one === null && two?.v === 'new' && three !== null;
  });
  await source.deleteOne({ _id: 7 });
  await source.deleteOne({ _id: 3 });
  await live.until('it left', async () => (await target.findOne({ _id: 3 })) === null);
  await live.stop();
  expect(await target.find().sort({ _id: 1 }).toArray()).toEqual([
    item(2, 'new'),
    { ...item(7, 'a stranger'), theirs: true },
  ]);
  expect(await kept(pair)).toBe(1);
});

test('documents that a condition gives us become ours when their key comes, and stay so', async () => {
  await using pair = await openMongoPair();
  const [source, target] = both(pair);
  await target.insertMany([
    { ...item(1, 'old'), theirs: false },
    { ...item(2, 'v2'), theirs: false },
    { ...item(3, 'old'), theirs: true },
    { ...item(4, 'nobody’s'), theirs: false },
  ]);
  await source.insertMany([item(1), item(2), item(3)]);
  const engine = await pair.engine({
    collections: { t: { ...fields, scope: { adopt: '{"theirs":false}' } } },
  });
  expect(await engine.run('it')).toMatchObject({ collections: [{ clashes: 1, left: 0 }] });
  await target.updateMany({}, { $unset: { theirs: 1 } });
  await source.deleteMany({ _id: { $in: [1, 2] } });
  expect(await engine.run('it')).toMatchObject({ result: 'pending', guards: [{ leaving: 2 }] });
  await engine.approve('it');
  await engine.run('it');
  expect(await target.find().sort({ _id: 1 }).toArray()).toEqual([item(3, 'old'), item(4, 'nobody’s')]);
});

/** Each way in which a key that leaves comes to the target, beside one that comes. */
const changes = [drop(1), set({ _id: 2, v: 'new' })];
const ways: readonly (readonly [
  name: string,
  write: (open: OpenedCollection) => Promise<readonly Outcome[]>,
])[] = [
  ['apply', ({ target }) => target.apply(changes, holding(1))],
  ['applyTogether', ({ target }) => target.applyTogether(changes, holding(1))],
  [
    'applyWindow',
    async ({ writer, target }) =>
      (await writer.applyWindow(windowOver(target, changes), holding(1)))[0] ?? [],
  ],
];
const mark: Leaving = { kind: 'mark', set: { gone: 'true' }, marked: '{"gone":true}', clear: {} };
const leavings: readonly Leaving[] = [{ kind: 'delete' }, mark];

test.each(
  ways.flatMap(([name, write]) => leavings.map((leaving) => ({ name, kind: leaving.kind, write, leaving }))),
)('$name, $kind: a key that leaves makes no document ours', async ({ write, leaving }) => {
  await using database = await createMongoDatabase();
  const t = database.db.collection<Document & { _id: number }>('t');
  await t.insertMany([
    { _id: 1, theirs: false },
    { _id: 2, theirs: false },
  ]);
  const scope = { kind: 'owned', adopt: '{"theirs":false}' } as const;
  await using open = await openCollection(database, 't', { scope, leaving });
  expect(await write(open)).toEqual([{ kind: 'clash' }, { kind: 'updated' }]);
  expect(await t.find().sort({ _id: 1 }).toArray()).toEqual([
    { _id: 1, theirs: false },
    { _id: 2, v: 'new' },
  ]);
  expect(await database.db.collection('lockstep_state_keys').countDocuments()).toBe(1);
});

test('a document that matches stays a stranger’s when its key goes, or is mapped to nothing, and was never ours', async () => {
  await using pair = await openMongoPair();
  const [source, target] = both(pair);
  await pair.source.createCollection('t');
  await target.insertMany([1, 2, 3].map((id) => ({ ...item(id, 'a stranger'), theirs: false })));
  const t = {
    columns: { _id: true, v: { mapped: true } },
    mapReads: ['_id', 'v'],
    map: (row: Row): Row | null => (row['v'] === 'not for them' ? null : { ...row }),
    mapVersion: '1',
    scope: { adopt: '{"theirs":false}' },
  } as const;
  await using live = await startLive(pair, { collections: { t } });
  await live.caughtUp();
  await source.insertMany([item(1, 'not for them'), item(2, 'not for them')]);
  await source.deleteOne({ _id: 2 });
  await source.insertOne(item(3, 'new'));
  await live.until('it is adopted', async () => (await target.findOne({ _id: 3 }))?.v === 'new');
  await live.stop();
  expect(await target.find().sort({ _id: 1 }).toArray()).toEqual(
    [item(1, 'a stranger'), item(2, 'a stranger'), item(3, 'new')].map((each) => ({
      ...each,
      theirs: false,
    })),
  );
  expect(await kept(pair)).toBe(1);
});
