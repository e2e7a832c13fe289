import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { everyId, everyType } from './documents.ts';
import { openMongoPair } from './pair.ts';

const numbered = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ({ _id: `k${from + index}`, v: index, text: 'x'.repeat(50) }));

test('every type of BSON arrives byte for byte, and a second pass finds nothing to do', async () => {
  await using pair = await openMongoPair();
  await pair.source.command({
    insert: 'all',
    documents: [new Map<string, unknown>([['_id', 1], ...Object.entries(everyType)])],
  });
  const engine = await pair.engine({ collections: ['all'], create: true });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 1 }] });
  expect(await pair.expectSame('all')).toBe(1);
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [{ inserted: 0, updated: 0 }],
  });
  expect(await engine.verify('it')).toMatchObject({ equal: true });
});

test('ids of every type are each in one partition, found by their keys, and mended', async () => {
  await using pair = await openMongoPair();
  const documents = everyId.map(
    (id, index) =>
      new Map([
        ['_id', id],
        ['v', index],
      ]),
  );
  await pair.source.command({ insert: 'ids', documents });
  await pair.source.collection<{ _id: string }>('ids').insertMany(numbered(3000));
  const settings = {
    collections: ['ids'],
    create: true,
    rowsPerPartition: 100,
    // So many copy in partitions.
    lanes: 3,
    refresh: { by: 'direct' },
  } as const;
  const engine = await pair.engine(settings);
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [{ copied: everyId.length + 3000 }],
  });
  expect(await pair.expectSame('ids')).toBe(everyId.length + 3000);
  await pair.target.collection('ids').updateMany({ text: { $exists: false } }, { $set: { v: 'wrong' } });
  expect(await engine.verify('it')).toMatchObject({
    equal: false,
    collections: [{ different: everyId.length }],
  });
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [{ updated: everyId.length }],
  });
  await pair.expectSame('ids');
  await pair.target.collection('ids').deleteMany({ text: { $exists: false } });
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [{ inserted: everyId.length }],
  });
  await pair.expectSame('ids');
  await pair.source.collection('ids').deleteMany({ text: { $exists: false } });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ left: everyId.length }] });
  await pair.expectSame('ids');
});

test.each([
  ['capped', { capped: true, size: 10_000_000 }, 30],
  ['clustered', { clusteredIndex: { key: { _id: 1 }, unique: true } }, 1],
] as const)('a %s collection of many documents is copied and mended', async (_, options, partitions) => {
  await using pair = await openMongoPair();
  const t = await pair.source.createCollection<{ _id: string; v: number; text: string }>('t', options);
  await t.insertMany(numbered(3000));
  const settings = { collections: ['t'], create: true, refresh: { by: 'direct' } } as const;
  const engine = await pair.engine({ ...settings, lanes: 3, rowsPerPartition: 100 });
  let finished = 0;
  engine.events.on('partition.finished', () => {
    finished += 1;
  });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 3000 }] });
  expect(finished).toBeGreaterThanOrEqual(partitions * 0.9);
  expect(finished).toBeLessThanOrEqual(partitions);
  expect(await pair.expectSame('t')).toBe(3000);
  await t.updateMany({ v: { $lt: 40 } }, { $set: { v: -1 } });
  await pair.target.collection('t').deleteMany({ v: { $gte: 2_900 } });
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [{ updated: 40, inserted: 100 }],
  });
  expect(await pair.expectSame('t')).toBe(3000);
});

test('a capped source that rolls over while it is read is copied, and the same once it rests', async () => {
  await using pair = await openMongoPair();
  const options = { capped: true, size: 10_000_000, max: 3_000 };
  const log = await pair.source.createCollection<{ _id: string; v: number; text: string }>('log', options);
  await log.insertMany(numbered(3000));
  const settings = { collections: ['log'], create: true, guard: { maxLeavingShare: 1 } } as const;
  const engine = await pair.engine({ ...settings, rowsPerPartition: 100, refresh: { by: 'direct' } });
  let written = 3_000;
  let isOver = false;
  const rollOver = async (): Promise<void> => {
    for (; !isOver || written < 9_000; written += 100) await log.insertMany(numbered(100, written));
  };
  const rolling = rollOver();
  await engine.run('it').finally(() => {
    isOver = true;
  });
  await rolling;
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await pair.expectSame('log')).toBe(3000);
}, 90_000);

test('an id that is equal and of another type is one key: its document is mended to the byte', async () => {
  await using pair = await openMongoPair();
  await pair.source.command({
    insert: 't',
    documents: [{ _id: new BSON.Double(1), v: 1 }, { _id: { a: new BSON.Int32(2) } }],
  });
  await pair.target.command({
    insert: 't',
    documents: [{ _id: new BSON.Int32(1), v: 1 }, { _id: { a: new BSON.Long(2) } }],
  });
  const engine = await pair.engine({ collections: { t: { scope: 'all' } } });
  expect(await engine.verify('it')).toMatchObject({
    equal: false,
    collections: [{ different: 2, missing: 0, extra: 0 }],
  });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ updated: 2 }] });
  expect(await pair.expectSame('t')).toBe(2);
});

test('documents of 16 MB, and what a replacement does not take, are copied and mended', async () => {
  await using pair = await openMongoPair();
  const largest = { _id: 1, text: 'x'.repeat(16 * 1024 * 1024 - 40) };
  const odd = new Map<string, unknown>([
    ['_id', 2],
    ['$set', { a: 1 }],
    ['a.b', 1],
    ['10', 1],
    ['2', 2],
  ]);
  await pair.source.command({ insert: 't', documents: [largest, odd] });
  const zero = { $replaceWith: { $literal: { _id: 3, at: new BSON.Timestamp({ t: 0, i: 0 }) } } };
  await pair.source.command({ update: 't', updates: [{ q: { _id: 3 }, u: [zero], upsert: true }] });
  const engine = await pair.engine({ collections: ['t'], create: true });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 3 }] });
  expect(await pair.expectSame('t')).toBe(3);
  await pair.target.collection('t').updateMany({}, [{ $set: { text: 'y' } }]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ updated: 3 }] });
  expect(await pair.expectSame('t')).toBe(3);
});

test('indexes, validator and collation come with a collection that is made', async () => {
  await using pair = await openMongoPair();
  const validator = { v: { $type: 'int' } };
  await pair.source.createCollection('t', { collation: { locale: 'en', strength: 2 } });
  await pair.source.collection('t').insertMany([{ v: 'older than the validator' }, { v: 2 }]);
  await pair.source
    .collection('t')
    .createIndex({ v: 1, w: -1 }, { unique: true, name: 'by v', partialFilterExpression: { w: 1 } });
  await pair.source.command({ collMod: 't', validator, validationLevel: 'moderate' });
  const engine = await pair.engine({ collections: ['t'], create: true });
  expect(await engine.plan('it')).toMatchObject({ steps: expect.any(Array) });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 2 }] });
  expect(await pair.expectSame('t')).toBe(2);
  const [here] = await pair.source.listCollections({ name: 't' }).toArray();
  const [there] = await pair.target.listCollections({ name: 't' }).toArray();
  expect(there).toMatchObject({ options: here !== undefined && 'options' in here ? here.options : null });
  expect(await pair.target.collection('t').indexes()).toEqual(await pair.source.collection('t').indexes());
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [{ inserted: 0, updated: 0 }],
  });
});

test('a filter chooses documents, and another name is their target', async () => {
  await using pair = await openMongoPair();
  await pair.source.collection<{ _id: string; v: number }>('t').insertMany(numbered(100));
  const collections = { t: { target: 'other', filter: '{"v":{"$lt":10}}' } };
  const engine = await pair.engine({ collections, create: true });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 10 }] });
  expect(await pair.target.collection('other').countDocuments()).toBe(10);
  expect(await engine.verify('it')).toMatchObject({ equal: true });
});
