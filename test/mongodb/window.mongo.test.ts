import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { applyWindow } from '../../src/connectors/mongodb/writer/window/apply-window.ts';
import { partsOf } from '../../src/connectors/mongodb/writer/window/window-part.ts';
import { toLockstepError } from '../../src/protocol/errors/lockstep-error.ts';
import { holding } from '../conformance/writer/writer-under-test.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { exportDocuments } from '../support/mongo-export.ts';
import { everyId, everyType } from './documents.ts';
import { drop, kindsOf, openCollection, put, set, windowOver } from './windows.ts';

const { Double, Int32, Timestamp } = BSON;

const hex = (documents: readonly Uint8Array[]): readonly string[] =>
  documents.map((document) => Buffer.from(document).toString('hex')).toSorted();

const numbers = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, index) => from + index);

test('documents of every type and id are written as they are, whether they are new or replace others', async () => {
  await using database = await createMongoDatabase();
  await database.db.createCollection('t');
  await using open = await openCollection(database);
  const { writer, target } = open;
  const odd = [
    new Map<string, unknown>([
      ['_id', 'dollar'],
      ['$set', 1],
      ['a.b', 2],
    ]),
    { _id: 'clock', at: new Timestamp({ t: 0, i: 0 }), deep: { at: new Timestamp({ t: 0, i: 0 }) } },
  ];
  const before = [
    ...everyId.map((_id) => ({ _id })),
    ...odd.map((_, at) => ({ _id: ['dollar', 'clock'][at] })),
  ];
  const after = [...everyId.map((_id) => ({ _id, ...everyType })), ...odd];
  const fresh = [
    { _id: 'fresh', ...everyType },
    new Map<string, unknown>([
      ['_id', 'new dollar'],
      ['$x', null],
    ]),
  ];
  await writer.applyWindow(windowOver(target, before.map(set)), holding(1));
  const documents = [...after, ...fresh].map((document) => BSON.serialize(document));
  const kinds = kindsOf(await writer.applyWindow(windowOver(target, documents.map(put)), holding(1)));
  expect(kinds.filter((kind) => kind === 'updated')).toHaveLength(after.length);
  expect(kinds.filter((kind) => kind === 'inserted')).toHaveLength(fresh.length);
  expect((await exportDocuments(database.db, 't')).toSorted()).toEqual(hex(documents));
  const again = kindsOf(await writer.applyWindow(windowOver(target, documents.map(put)), holding(1)));
  expect(new Set(again)).toEqual(new Set(['unchanged']));
});

test('an id that MongoDB holds equal gets its new type', async () => {
  await using database = await createMongoDatabase();
  await database.db.createCollection('t');
  await using open = await openCollection(database);
  const { writer, target } = open;
  await writer.applyWindow(windowOver(target, [set({ _id: new Int32(1) }), set({ _id: 2 })]), holding(1));
  const documents = [{ _id: new Double(1) }, { _id: 2, v: 1 }].map((document) => BSON.serialize(document));
  const outcomes = await writer.applyWindow(windowOver(target, documents.map(put)), holding(1));
  expect(kindsOf(outcomes)).toEqual(['updated', 'updated']);
  expect(await exportDocuments(database.db, 't')).toEqual(hex(documents));
});

test('unique values go round, over compound, nested, partial and array indexes', async () => {
  await using database = await createMongoDatabase();
  const collection = await database.db.createCollection('t');
  await collection.createIndex({ v: 1, group: 1 }, { unique: true });
  await collection.createIndex({ 'deep.tags': 1 }, { unique: true });
  await collection.createIndex({ mail: 1 }, { unique: true, partialFilterExpression: { live: true } });
  await using open = await openCollection(database);
  const { writer, target } = open;
  const turned = (by: number) =>
    numbers(500).map((_id) => {
      const v = (_id + by) % 500;
      return set({ _id, v, group: 'g', deep: { tags: [`${v}a`, `${v}b`] }, mail: v % 7, live: v < 7 });
    });
  await writer.applyWindow(windowOver(target, turned(0)), holding(1));
  const changes = [...turned(1), drop(1000)];
  const kinds = kindsOf(await writer.applyWindow(windowOver(target, changes, 'p2'), holding(1)));
  expect(kinds.slice(0, -1).every((kind) => kind === 'updated')).toBe(true);
  expect(kinds.at(-1)).toBe('unchanged');
  expect(
    await collection.countDocuments({ $expr: { $eq: ['$v', { $mod: [{ $add: ['$_id', 1] }, 500] }] } }),
  ).toBe(500);
  expect([...(await writer.attach(holding(1))).positions]).toEqual([['main', 'p2']]);
});

test('what a validator refuses is found among the others, be it one, many or all', async () => {
  await using database = await createMongoDatabase();
  await database.db.createCollection('t', { validator: { v: { $type: 'number' } } });
  await using open = await openCollection(database);
  const { writer, target } = open;
  const changesWith = (isPoison: (id: number) => boolean) =>
    numbers(90).map((_id) => set({ _id, v: isPoison(_id) ? 'secret' : _id }));
  for (const isPoison of [(id: number) => id === 31, (id: number) => id % 3 === 0, () => true]) {
    const window = windowOver(target, changesWith(isPoison));
    const error = await writer.applyWindow(window, holding(1)).catch(toLockstepError);
    expect(error).toMatchObject({ code: 'value-refused', class: 'change' });
    expect(String(error)).not.toContain('secret');
    const kinds = kindsOf(await writer.tryWindow(window, holding(1)));
    expect(kinds).toEqual(numbers(90).map((id) => (isPoison(id) ? 'failed' : 'inserted')));
  }
  expect(await database.db.collection('t').countDocuments()).toBe(0);
});

test('changes that wait for a refused one are refused, along a chain, and a stranger keeps what is his', async () => {
  await using database = await createMongoDatabase();
  const collection = await database.db.createCollection<{ _id: number; v: number }>('t');
  await collection.createIndex({ v: 1 }, { unique: true });
  await using open = await openCollection(database);
  const { writer, target } = open;
  await collection.insertMany(numbers(8).map((_id) => ({ _id, v: _id })));
  // Each wants what the next one has; 7 keeps its own.
  const chain = numbers(7).map((_id) => set({ _id, v: _id + 1 }));
  const outcomes = await writer.tryWindow(windowOver(target, [...chain, set({ _id: 9, v: 9 })]), holding(1));
  expect(kindsOf(outcomes)).toEqual([...numbers(7).map(() => 'failed'), 'inserted']);
});

test('leaving by a mark: it stays, counts as absent, and comes back whole', async () => {
  await using database = await createMongoDatabase();
  const collection = await database.db.createCollection<{ _id: number; v?: number }>('t');
  const mark = {
    kind: 'mark',
    set: { goneAt: '"$$NOW"', left: 'true' },
    marked: '{"left":true}',
    clear: {},
  } as const;
  await using open = await openCollection(database, 't', { scope: { kind: 'all' }, leaving: mark });
  const { writer, target } = open;
  const apply = async (...changes: Parameters<typeof windowOver>[1][number][]) =>
    kindsOf(await writer.applyWindow(windowOver(target, changes), holding(1)));
  await apply(set({ _id: 1, v: 1 }), set({ _id: 2, v: 2 }));
  expect(await apply(drop(1), drop(3))).toEqual(['left', 'unchanged']);
  expect(await collection.findOne({ _id: 1 })).toMatchObject({ v: 1, left: true, goneAt: expect.any(Date) });
  expect(await apply(drop(1))).toEqual(['unchanged']);
  const whole = set({ _id: 1, v: 3 });
  const patch = whole.kind === 'upsert' ? { ...whole, kind: 'patch' as const } : whole;
  await expect(apply(patch)).rejects.toMatchObject({ code: 'row-missing' });
  expect(await apply(set({ _id: 1, v: 3 }))).toEqual(['updated']);
  expect(await collection.findOne({ _id: 1 })).toEqual({ _id: 1, v: 3 });
});

test('a window is one transaction to whoever watches, and a repeat of it shows nothing', async () => {
  await using database = await createMongoDatabase();
  await database.db.createCollection('t');
  await using open = await openCollection(database);
  const { writer, target } = open;
  await writer.applyWindow(windowOver(target, [set({ _id: 1 }), set({ _id: 2 })]), holding(1));
  await using events = database.db.watch([{ $match: { 'ns.coll': 't' } }]);
  await events.tryNext();
  const window = windowOver(target, [set({ _id: 1, v: 1 }), drop(2), set({ _id: 3 })]);
  await writer.applyWindow(window, holding(1));
  await writer.applyWindow(window, holding(1));
  await database.db.collection('t').insertOne({ end: true });
  const seen: { operationType: string; txnNumber?: unknown; lsid?: unknown }[] = [];
  for (;;) {
    const event = await events.next();
    if ('fullDocument' in event && event.fullDocument?.['end'] === true) break;
    seen.push(event);
  }
  expect(seen.map(({ operationType }) => operationType)).toEqual(['delete', 'replace', 'insert']);
  expect(new Set(seen.map(({ lsid, txnNumber }) => JSON.stringify([lsid, txnNumber]))).size).toBe(1);
});

test('a window that is larger than a command and an oplog entry goes through whole', async () => {
  await using database = await createMongoDatabase();
  await database.db.createCollection('t');
  await using open = await openCollection(database);
  const { writer, target } = open;
  const text = 'x'.repeat(15 * 1024 * 1024);
  const changes = numbers(2).map((_id) => set({ _id, text }));
  expect(kindsOf(await writer.applyWindow(windowOver(target, changes), holding(1)))).toEqual(
    numbers(2).map(() => 'inserted'),
  );
  expect(
    await database.db
      .collection('t')
      .countDocuments({ $expr: { $eq: [{ $strLenBytes: '$text' }, text.length] } }),
  ).toBe(2);
});

test('a collection that was dropped is not made anew by a window', async () => {
  await using database = await createMongoDatabase();
  await database.db.createCollection('t');
  await using open = await openCollection(database);
  const { writer, target } = open;
  await writer.applyWindow(windowOver(target, [set({ _id: 1 })]), holding(1));
  await database.db.dropCollection('t');
  const window = windowOver(target, [set({ _id: 2 })], 'p2');
  await expect(writer.applyWindow(window, holding(1))).rejects.toMatchObject({
    code: 'collection-gone',
    class: 'collection',
  });
  expect(await database.db.listCollections({ name: 't' }).toArray()).toEqual([]);
  expect([...(await writer.positions({ pipeline: 'conformance', signal: holding(1).signal }))]).toEqual([
    ['main', 'p1'],
  ]);
});

test('a document that somebody else is writing is waited for by trying again', async () => {
  await using database = await createMongoDatabase();
  const collection = await database.db.createCollection<{ _id: number; v: number }>('t');
  await using open = await openCollection(database);
  const { writer, target } = open;
  await collection.insertOne({ _id: 1, v: 0 });
  const window = windowOver(target, [set({ _id: 1, v: 1 })]);
  await using session = database.db.client.startSession();
  session.startTransaction();
  await collection.updateOne({ _id: 1 }, { $set: { v: 7 } }, { session });
  await expect(writer.applyWindow(window, holding(1))).rejects.toMatchObject({
    code: 'transaction-conflict',
    class: 'transient',
  });
  await session.commitTransaction();
  expect(kindsOf(await writer.applyWindow(window, holding(1)))).toEqual(['updated']);
  expect(await collection.findOne({ _id: 1 })).toEqual({ _id: 1, v: 1 });
});

test('a window that takes longer than it may is ended, so that it can be torn', async () => {
  await using database = await createMongoDatabase();
  const some = { $size: { $range: [0, { $add: [20_000, '$$this'] }] } };
  const count = {
    $reduce: { input: { $range: [0, 500] }, initialValue: '$_id', in: { $add: ['$$value', some] } },
  };
  await database.db.createCollection('t', { validator: { $expr: { $gt: [count, 0] } } });
  await using open = await openCollection(database);
  const { target, writer, destination } = open;
  const changes = numbers(5).map((_id) => set({ _id }));
  const parts = partsOf([{ target, changes }]);
  const window = { ...windowOver(target, []), parts, seconds: 0.05 };
  const error = await applyWindow(destination, window, holding(1)).catch(toLockstepError);
  expect(error).toMatchObject({ code: 'statement-timeout', class: 'transient' });
  expect(kindsOf(await writer.applyWindow(windowOver(target, changes.slice(0, 1)), holding(1)))).toEqual([
    'inserted',
  ]);
});
