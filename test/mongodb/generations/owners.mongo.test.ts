import { BSON, type Db } from 'mongodb';
import { expect, test } from 'vitest';
import { fillStaging } from '../../../src/connectors/mongodb/writer/generation/fill.ts';
import { switchOver } from '../../../src/connectors/mongodb/writer/generation/switch-over.ts';
import type { Chunk } from '../../../src/protocol/chunk.ts';
import type { GenerationRecord } from '../../../src/protocol/generation.ts';
import { holding, never, pipeline } from '../../conformance/writer/writer-under-test.ts';
import { createMongoDatabase } from '../../support/mongo.ts';
import { drop, type OpenedCollection, openCollection, set } from '../windows.ts';
import { keptIn, numbered, put } from './swapping.ts';

async function* documents(v: string): AsyncGenerator<Chunk> {
  const all = numbered(20, v).map((document) => BSON.serialize(document));
  yield { format: 'bson', bytes: Buffer.concat(all), rowCount: all.length };
}

/** A generation with the target's collection, complete and not promoted. */
async function staged({ writer, target }: OpenedCollection, fence: number, v = 'new') {
  const { generations } = writer;
  const options = holding(fence);
  const staging = await generations.begin({ ...options, readAtMs: 1, positions: null });
  await staging.join(target, options);
  await staging.fill(target, documents(v), { ...options, keepsFormer: true });
  const seal = () => staging.seal({ ...options, targets: [target], held: null });
  return { generations, staging, seal };
}

const words = (db: Db) =>
  db
    .collection('t')
    .aggregate([{ $group: { _id: { $arrayElemAt: [{ $split: ['$v', ' '] }, 0] }, n: { $sum: 1 } } }])
    .toArray();

const listed = ({ writer }: OpenedCollection) => writer.generations.list({ pipeline, signal: never });

async function openOld() {
  const database = await createMongoDatabase();
  await put(database.db, 't', numbered(30, 'old'));
  return database;
}

test('an owner that was overtaken stages, promotes, takes back and drops nothing any more', async () => {
  await using database = await openOld();
  await using older = await openCollection(database);
  const { generations, staging, seal } = await staged(older, 1);
  const { id } = await seal();
  await using newer = await openCollection(database, 't', { scope: { kind: 'all' }, fence: 2 });
  const lost = { code: 'fence-lost' };
  const options = holding(1);
  await expect(staging.join(older.target, options)).rejects.toMatchObject(lost);
  const refill = staging.fill(older.target, documents('newer'), { ...options, keepsFormer: true });
  await expect(refill).rejects.toMatchObject(lost);
  await expect(generations.promote(id, [older.target], options)).rejects.toMatchObject(lost);
  await expect(generations.discard(id, options)).rejects.toMatchObject(lost);
  await expect(generations.begin({ ...options, readAtMs: 1, positions: null })).rejects.toMatchObject(lost);
  expect(await words(database.db)).toEqual([{ _id: 'old', n: 30 }]);
  // Nothing was dropped either: what was complete can still be brought in by whoever owns it now.
  expect(await newer.writer.generations.promote(id, [newer.target], holding(2))).toMatchObject({
    state: 'promoted',
  });
  expect(await words(database.db)).toEqual([{ _id: 'new', n: 20 }]);
  const back = generations.rollback(id, [older.target], { ...options, changed: 'refuse' });
  await expect(back).rejects.toMatchObject(lost);
});

/** A generation of the first owner's that waits to be promoted. */
async function sealedAs(
  kind: 'differences' | 'swap',
  { writer: { generations }, target }: Pick<Awaited<ReturnType<typeof openCollection>>, 'writer' | 'target'>,
): Promise<GenerationRecord> {
  const options = holding(1);
  const staging = await generations.begin({ ...options, readAtMs: 1, positions: null });
  await staging.join(target, options);
  if (kind === 'swap') await staging.fill(target, documents('new'), { ...options, keepsFormer: true });
  else await staging.stage(target, [set({ _id: 1, v: 'new 1' })], options);
  return await staging.seal({ ...options, targets: [target], held: null });
}

test.each(['differences', 'swap'] as const)(
  'where shards stand that are to be forgotten goes with what is taken back (%s); others stay',
  async (kind) => {
    await using database = await openOld();
    await using open = await openCollection(database);
    const { writer, target } = open;
    const { generations } = writer;
    const options = holding(1);
    const { id } = await sealedAs(kind, open);
    await generations.promote(id, [target], options);
    for (const shard of ['read', 'other'])
      await writer.applyWindow(
        { parts: [], position: { shard, lane: 0, at: '1' }, marks: new Map(), newestLetter: 0 },
        options,
      );
    await generations.rollback(id, [target], { ...options, changed: 'refuse', forgets: ['read'] });
    expect(await writer.positions({ pipeline, signal: never })).toEqual(new Map([['other', '1']]));
  },
);

test('what is refused is found as often as somebody looks, and is gone once it is taken out, however often', async () => {
  await using database = await openOld();
  await database.db.collection('t').createIndex({ v: 1 }, { unique: true });
  await using open = await openCollection(database);
  const { writer, target } = open;
  const { generations } = writer;
  const options = holding(1);
  const staging = await generations.begin({ ...options, readAtMs: 1, positions: null });
  await staging.join(target, options);
  const twin = set({ _id: 2, v: 'old 3' });
  await staging.stage(target, [set({ _id: 1, v: 'new 1' }), twin, drop(29)], options);
  const { id } = await staging.seal({ ...options, targets: [target], held: null });
  const refused = await generations.sift(id, [target], options);
  expect(refused).toMatchObject([{ key: twin.key, error: { code: 'unique-conflict' } }]);
  expect(await generations.sift(id, [target], options)).toMatchObject([{ key: twin.key }]);
  await generations.takeOut(id, refused, options);
  await generations.takeOut(id, refused, options);
  expect(await generations.sift(id, [target], options)).toEqual([]);
  expect(await generations.promote(id, [target], options)).toMatchObject({
    state: 'promoted',
    collections: [{ rows: 1, leaving: 1, updated: 1, left: 1 }],
  });
  expect(await words(database.db)).toEqual(
    expect.arrayContaining([
      { _id: 'old', n: 28 },
      { _id: 'new', n: 1 },
    ]),
  );
});

test('what an older owner was filling is dropped by the next, and can’t be renamed in by the one that stalled', async () => {
  await using database = await openOld();
  await using older = await openCollection(database);
  await staged(older, 1);
  const [name = ''] = await keptIn(database.db);
  await using newer = await openCollection(database, 't', { scope: { kind: 'all' }, fence: 2 });
  expect(await keptIn(database.db)).toEqual([]);
  expect(await listed(newer)).toMatchObject([{ state: 'discarded' }]);
  // As from a process that went on right behind its last look at the fence.
  await expect(database.db.renameCollection(name, 't', { dropTarget: true })).rejects.toMatchObject({
    code: 26,
  });
  expect(await words(database.db)).toEqual([{ _id: 'old', n: 30 }]);
});

test('an owner that was overtaken drops nothing of the newer one', async () => {
  await using database = await openOld();
  await using older = await openCollection(database);
  const first = await staged(older, 1);
  const { id } = await first.seal();
  await using newer = await openCollection(database, 't', { scope: { kind: 'all' }, fence: 2 });
  await staged(newer, 2);
  const before = await keptIn(database.db);
  expect(before).toEqual([expect.stringContaining('.f2.')]);
  await expect(older.writer.attach(holding(1))).rejects.toMatchObject({ code: 'fence-lost' });
  await expect(first.generations.discard(id, holding(1))).rejects.toMatchObject({ code: 'fence-lost' });
  expect(await keptIn(database.db)).toEqual(before);
});

test('what was begun to be renamed is ended by the next owner, by the ids in the journal and not by names', async () => {
  await using database = await openOld();
  await using older = await openCollection(database);
  const { seal } = await staged(older, 1);
  await seal();
  const journal = database.db.collection('lockstep_state');
  const decide = { $set: { state: 'promoting', quietSince: null } };
  await journal.updateOne({ '_id.kind': 'generation' }, decide);
  // Somebody puts another collection in the place of what was staged.
  const [name = ''] = await keptIn(database.db);
  await database.db.renameCollection(name, 'elsewhere');
  await database.db.collection(name).insertOne({ v: 'impostor 1' });
  await using newer = await openCollection(database, 't', { scope: { kind: 'all' }, fence: 2 });
  expect(await words(database.db)).toEqual([{ _id: 'old', n: 30 }]);
  expect(await listed(newer)).toMatchObject([{ state: 'promoted', canRollBack: false }]);
});

test('a rename whose answer was lost is found done, and is not done twice', async () => {
  await using database = await openOld();
  await using open = await openCollection(database);
  const { target, destination } = open;
  const model = 'model' in target ? (target.model as Parameters<typeof fillStaging>[1]['model']) : null;
  if (model === null) throw new Error('another writer opened it');
  const options = { ...holding(1), generation: 1, place: 1 };
  const { staging } = await fillStaging(destination, { ...options, model, chunks: documents('new') });
  const former = await idOf(database.db, 't');
  const over = { target: 't', over: former, by: staging };
  expect(await switchOver(destination, over, options)).toMatchObject({ result: 'done' });
  expect(await switchOver(destination, over, options)).toEqual({ result: 'done', lockedMs: null });
  expect(await words(database.db)).toEqual([{ _id: 'new', n: 20 }]);
});

test.each(['differences', 'swap'] as const)(
  'a promotion of which nobody knows yet whether it came through loses nothing by being tried again (%s)',
  async (kind) => {
    await using database = await openOld();
    await using open = await openCollection(database);
    const { writer, target } = open;
    const { generations } = writer;
    const options = holding(1);
    const { id } = await sealedAs(kind, open);
    // What it kept, and its transaction that has not ended yet.
    const name = `lockstep_${kind === 'swap' ? 'backup' : 'before'}.${pipeline}.f1.g1.1`;
    await database.db.collection(name).insertOne({ v: 'old 1' });
    const kept = { name, id: await idOf(database.db, name) };
    const path = kind === 'swap' ? 'collections.0.backup' : 'collections.0.kept.before';
    const journal = database.db.collection('lockstep_state');
    await using session = database.db.client.startSession();
    session.startTransaction({ writeConcern: { w: 'majority' } });
    const done = { $set: { state: 'promoted', promotedAtMs: 1, [path]: kept } };
    await journal.updateOne({ '_id.kind': 'generation' }, done, { session });
    await expect(generations.promote(id, [target], options)).rejects.toMatchObject({ class: 'transient' });
    await session.commitTransaction();
    expect(await generations.promote(id, [target], options)).toMatchObject({ state: 'promoted' });
    expect(await idOf(database.db, name)).toEqual(kept.id);
    expect(await database.db.collection(name).countDocuments()).toBe(1);
  },
);

async function idOf(db: Db, name: string): Promise<BSON.UUID> {
  const [found] = await db.listCollections({ name }).toArray();
  return found !== undefined && 'info' in found && found.info?.uuid instanceof BSON.UUID
    ? found.info.uuid
    : expect.fail('it has no id');
}
