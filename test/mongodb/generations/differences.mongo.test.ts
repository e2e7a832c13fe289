import { BSON, type Db } from 'mongodb';
import { expect, test } from 'vitest';
import { exportDocuments } from '../../support/mongo-export.ts';
import { openMongoPair } from '../pair.ts';
import { keptIn, numbered, put } from './swapping.ts';
import { watchStates } from './watch-states.ts';

const ours = {
  collections: { a: { scope: 'all' }, b: { scope: 'all' } },
  guard: { maxLeavingShare: 0.5 },
} as const;
const names = ['a', 'b'] as const;

test('differences of all collections come in by one transaction, and are taken back by another', async () => {
  await using pair = await openMongoPair();
  for (const name of names) {
    await put(pair.source, name, [
      ...numbered(100, 'same'),
      { _id: 200, v: 'new 1' },
      { _id: 201, v: 'changed 2' },
    ]);
    await put(pair.target, name, [
      ...numbered(100, 'same'),
      { _id: 201, v: 'old 2' },
      { _id: 202, v: 'gone 3' },
    ]);
  }
  const before = await exportDocuments(pair.target, 'a');
  const engine = await pair.engine(ours);
  expect(await engine.plan('it')).toMatchObject({ collections: [{ comesIn: { by: 'differences' } }, {}] });
  const cursor = pair.target.collection('a').find({}, { batchSize: 10 });
  await cursor.next();
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [
      { inserted: 1, updated: 1, left: 1 },
      { inserted: 1, updated: 1, left: 1 },
    ],
  });
  for (const name of names) await pair.expectSame(name);
  await cursor.toArray();
  expect(await engine.generations('it')).toMatchObject({
    generations: [
      {
        state: 'promoted',
        canRollBack: true,
        collections: [{ by: 'staged', rows: 2, leaving: 1, inserted: 1, updated: 1, left: 1 }, {}],
      },
    ],
  });
  await engine.rollBackGeneration('it');
  expect(await exportDocuments(pair.target, 'a')).toEqual(before);
  expect(await exportDocuments(pair.target, 'b')).toEqual(before);
  expect(await keptIn(pair.target)).toEqual([]);
  await engine.resume('it', { yes: true });
  await engine.run('it');
  for (const name of names) await pair.expectSame(name);
  await engine.remove('it');
  expect(await keptIn(pair.target)).toEqual([]);
});

test('readers see all collections as they were or as they are, in one moment', async () => {
  await using pair = await openMongoPair();
  for (const name of names) {
    await put(pair.source, name, numbered(500, 'new'));
    await put(pair.target, name, numbered(510, 'old'));
  }
  const engine = await pair.engine(ours);
  await using watching = watchStates(pair.target, names);
  await using session = pair.target.client.startSession({ snapshot: true });
  const count = (name: string) => pair.target.collection(name).countDocuments({ v: /^old/ }, { session });
  expect(await count('a')).toBe(510);
  await engine.run('it');
  // A snapshot that is older goes on as it was.
  expect(await count('b')).toBe(510);
  expect(await watching.seen('a')).toEqual(['500 new', '510 old']);
  expect(await watching.seen('b')).toEqual(['500 new', '510 old']);
});

test('more than one transaction takes comes in by a copy that takes the target’s place', async () => {
  await using pair = await openMongoPair();
  const large = (v: string) => numbered(5, v).map((each) => ({ ...each, text: 'x'.repeat(4_000_000) }));
  await put(pair.source, 'a', [...large('new'), { _id: 9, v: 'same' }]);
  await put(pair.target, 'a', [...large('old'), { _id: 7, v: 'gone' }, { _id: 9, v: 'same' }]);
  await pair.target.collection('a').createIndex({ v: 1 }, { unique: true });
  await put(pair.source, 'b', numbered(10, 'new'));
  await put(pair.target, 'b', numbered(10, 'old'));
  const before = [await exportDocuments(pair.target, 'a'), await exportDocuments(pair.target, 'b')];
  const engine = await pair.engine(ours);
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [
      { inserted: 0, updated: 5, left: 1 },
      { inserted: 0, updated: 10, left: 0 },
    ],
  });
  for (const name of names) await pair.expectSame(name);
  expect((await engine.generations('it')).generations[0]?.collections).toMatchObject([
    { by: 'staged', lockedMs: expect.any(Number) },
    { by: 'staged', lockedMs: null },
  ]);
  await engine.rollBackGeneration('it');
  expect([await exportDocuments(pair.target, 'a'), await exportDocuments(pair.target, 'b')]).toEqual(before);
  expect(await keptIn(pair.target)).toEqual([]);
});

test('documents of others, unique values that change places, ids of other types and what a replacement does not take come in and go back', async () => {
  await using pair = await openMongoPair();
  const mine = { ours: true };
  const odd = new Map<string, unknown>([
    ['_id', 5],
    ['ours', true],
    ['$set', { a: 1 }],
  ]);
  await pair.source.command({
    insert: 'a',
    documents: [
      { _id: 1, v: 'x', ...mine },
      { _id: 2, v: 'y', ...mine },
      { _id: new BSON.Double(3), ...mine },
      odd,
    ],
  });
  await put(pair.target, 'a', [
    { _id: 1, v: 'y', ...mine },
    { _id: 2, v: 'x', ...mine },
    { _id: 3, v: 'z', ...mine },
    { _id: 100, v: 'theirs' },
  ]);
  await pair.target.collection('a').createIndex({ v: 1 }, { unique: true, sparse: true });
  const before = await exportDocuments(pair.target, 'a');
  const engine = await pair.engine({ collections: { a: { scope: { where: '{"ours":true}' } } } });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', failures: [] });
  expect(await exportDocuments(pair.target, 'a', mine)).toEqual(await exportDocuments(pair.source, 'a'));
  await engine.rollBackGeneration('it');
  expect(await exportDocuments(pair.target, 'a')).toEqual(before);
});

test('what the destination refuses is taken out and gets its letter, and all others come in', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 'a', [...numbered(20, 'new'), { _id: 98, v: 'poison' }, { _id: 99, v: 'new 1' }]);
  await put(pair.target, 'a', numbered(20, 'old'));
  await pair.target.command({ collMod: 'a', validator: { v: { $ne: 'poison' } } });
  await pair.target.collection('a').createIndex({ v: 1 }, { unique: true });
  const engine = await pair.engine({ collections: { a: { scope: 'all' } } });
  expect(await engine.run('it')).toMatchObject({ result: 'pending', deadLetters: 2 });
  expect(await pair.target.collection('a').countDocuments({ v: /^new/ })).toBe(20);
});

test('what was changed since is not taken back unasked; with `keepChanged` it stays, and all others go back', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 'a', numbered(20, 'new'));
  await put(pair.target, 'a', numbered(18, 'old'));
  const engine = await pair.engine({ collections: { a: { scope: 'all' } } });
  await engine.run('it');
  await pair.target.collection<{ _id: number }>('a').updateOne({ _id: 3 }, { $set: { v: 'theirs' } });
  await expect(engine.rollBackGeneration('it')).rejects.toMatchObject({
    code: 'generation-overtaken',
    message: expect.stringContaining('1 row'),
  });
  expect(await engine.status('it')).toMatchObject([{ paused: null }]);
  await engine.rollBackGeneration('it', { keepChanged: true });
  expect(await pair.target.collection('a').countDocuments({ v: /^old/ })).toBe(17);
  expect(await pair.target.collection('a').countDocuments()).toBe(18);
});

test('what the guard holds waits as a whole, until `approve` and another run, or `promote`', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 'a', numbered(10, 'new'));
  await put(pair.target, 'a', numbered(300, 'old'));
  await put(pair.source, 'b', numbered(10, 'new'));
  await put(pair.target, 'b', numbered(10, 'old'));
  const engine = await pair.engine(ours);
  expect(await engine.run('it')).toMatchObject({ result: 'pending', guards: [{ leaving: 290 }] });
  expect(await pair.target.collection('b').countDocuments({ v: /^old/ })).toBe(10);
  await engine.promoteGeneration('it');
  for (const name of names) await pair.expectSame(name);
});

test.each([4_000, 9_000])('lanes that find %i differences at once put all of them aside', async (count) => {
  await using pair = await openMongoPair();
  await put(pair.source, 'a', numbered(count, 'new'));
  await put(pair.target, 'a', numbered(count, 'old'));
  const settings = { collections: { a: { scope: 'all' } }, rowsPerPartition: 500, lanes: 4 } as const;
  const engine = await pair.engine(settings);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ updated: count }] });
  await pair.expectSame('a');
});

test('what was put aside and a copy then refuses gets its letter alone, and the target is copied once', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 'a', [{ _id: -1, v: 'poison' }, ...numbered(9_000, 'new')]);
  await put(pair.target, 'a', numbered(9_000, 'old'));
  await pair.target.command({ collMod: 'a', validator: { v: { $ne: 'poison' } } });
  const engine = await pair.engine({ collections: { a: { scope: 'all' } }, rowsPerPartition: 500 });
  expect(await engine.run('it')).toMatchObject({
    result: 'pending',
    deadLetters: 1,
    collections: [{ inserted: 0, updated: 9_000, left: 0 }],
  });
  expect(await pair.target.collection('a').countDocuments({ v: /^new/ })).toBe(9_000);
  // One that takes the target's place, and one that is kept.
  expect(await copiesIn(pair.target)).toBe(2);
});

test('in a copy too, what only waits for a value that another document gives up comes in, and gets no letter', async () => {
  await using pair = await openMongoPair();
  const [first, second] = [
    { _id: 20_000, v: 'value 1' },
    { _id: 20_001, v: 'value 2' },
  ];
  // Leaving comes last of all, and two change values with each other; before the copy is made, and after.
  const early = [
    { _id: -3, v: 'freed early' },
    { _id: -2, v: 'swapped 1' },
    { _id: -1, v: 'swapped 2' },
  ];
  await put(pair.source, 'a', [...early, ...numbered(9_000, 'new'), first, second]);
  await put(pair.target, 'a', [
    { _id: -3, v: 'old -3' },
    { _id: -2, v: 'swapped 2' },
    { _id: -1, v: 'swapped 1' },
    ...numbered(9_000, 'old'),
    { _id: 20_000, v: 'value 2' },
    { _id: 20_001, v: 'value 1' },
    { _id: 30_000, v: 'freed early' },
  ]);
  await pair.target.collection('a').createIndex({ v: 1 }, { unique: true });
  const engine = await pair.engine({ collections: { a: { scope: 'all' } }, rowsPerPartition: 500 });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
  await pair.expectSame('a');
});

/** What `$out` has made in this database, by the server's log: it renames what it has written. */
const copiesIn = ({ client, databaseName }: Db): Promise<number> =>
  client
    .db('local')
    .collection('oplog.rs')
    .countDocuments({ ns: `${databaseName}.$cmd`, 'o.renameCollection': /\.tmp\.agg_out/ });
