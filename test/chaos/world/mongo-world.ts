import { join } from 'node:path';
import { BSON, type Db } from 'mongodb';
import { expect } from 'vitest';
import { createMongoDatabase } from '../../support/mongo.ts';
import { exportDocuments } from '../../support/mongo-export.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import type { Places } from './configuration.ts';
import { lettersOf, type Verdict } from './judge.ts';

/** A source, a target and a place for the control store: all that outlives a killed engine. */
export interface MongoWorld extends AsyncDisposable {
  readonly source: Db;
  readonly target: Db;
  readonly directory: string;
  readonly places: Places;
}

interface Document {
  readonly _id: number;
  readonly [field: string]: unknown;
}

const numbers = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, index) => from + index);

/**
 * people: made by us, with an index and a validator. labels: found empty. notes: found empty, with a validator that refuses two of them. tags: partly somebody
 * else's, one of whose ids the source has too. archive: holds twice of what the source has.
 */
async function fill(source: Db, target: Db): Promise<void> {
  const notes = { validator: { body: { $ne: 'poison' } } };
  await source.createCollection('people', { validator: { name: { $type: 'string' } } });
  await source.collection('people').createIndex({ name: 1 }, { unique: true });
  await target.createCollection('notes', notes);
  await target.createCollection('labels');
  const put = (db: Db, name: string, documents: readonly Document[]) =>
    db.collection<Document>(name).insertMany([...documents]);
  await put(
    source,
    'people',
    numbers(900).map((_id) => ({ _id, name: `name ${_id}` })),
  );
  await put(
    source,
    'notes',
    numbers(400).map((_id) => ({ _id, body: _id % 200 === 7 ? 'poison' : 'sound' })),
  );
  await put(
    source,
    'labels',
    numbers(120).map((_id) => ({ _id, text: `label ${_id}` })),
  );
  await put(
    source,
    'tags',
    numbers(300, 701).map((_id) => ({ _id, ours: true })),
  );
  await put(
    source,
    'archive',
    numbers(300).map((_id) => ({ _id, state: 'new' })),
  );
  await put(
    target,
    'tags',
    numbers(10, 1000).map((_id) => ({ _id, theirs: true })),
  );
  await put(
    target,
    'archive',
    numbers(600).map((_id) => ({ _id, state: 'old' })),
  );
}

export async function openMongoWorld(kind: Pick<Places, 'streams' | 'fields'> = {}): Promise<MongoWorld> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createMongoDatabase());
  const target = opened.use(await createMongoDatabase());
  const directory = opened.use(await temporaryDirectory()).path;
  await fill(source.db, target.db);
  const places: Places = {
    source: source.url,
    target: target.url,
    store: join(directory, 'lockstep.db'),
    documents: true,
    ...kind,
  };
  const kept = opened.move();
  return {
    source: source.db,
    target: target.db,
    directory,
    places,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Both notes are cured at the source, and the id that is somebody else's is given up. */
export async function heal({ source }: MongoWorld): Promise<void> {
  await source.collection('notes').updateMany({ body: 'poison' }, { $set: { body: 'healed' } });
  await source.collection<Document>('tags').deleteOne({ _id: 1000 });
}

/** Both sides are equal, what is not ours is as it was, and the letters are exactly what can't be applied. */
export async function judgeDocuments(
  { source, target, places }: MongoWorld,
  { heldBack }: Verdict,
): Promise<void> {
  const sound = { body: { $ne: 'poison' } };
  const ours = { _id: { $lt: 1000 } };
  const archive = { _id: { $lt: 300 } };
  // Fields are set in another order than the source has them.
  const shown = places.fields ? sortedFields : exportDocuments;
  expect(await shown(target, 'people')).toEqual(await shown(source, 'people'));
  expect(await shown(target, 'labels')).toEqual(await shown(source, 'labels'));
  expect(await shown(target, 'notes')).toEqual(await shown(source, 'notes', sound));
  expect(await shown(target, 'tags', ours)).toEqual(await shown(source, 'tags', ours));
  expect(await target.collection('tags').countDocuments({ theirs: true }), 'documents of others').toBe(10);
  expect(await shown(target, 'archive', archive)).toEqual(await shown(source, 'archive'));
  const extra = await target.collection<Document>('archive').countDocuments({ _id: { $gte: 300 } });
  expect(extra, 'documents that the guard holds back').toBe(heldBack ? 300 : 0);
  expect(await lettersOf(places), 'dead letters').toEqual(await planted(source));
}

async function sortedFields(
  db: Db,
  collection: string,
  filter: BSON.Document = {},
): Promise<readonly string[]> {
  const options = {
    promoteValues: false,
    promoteLongs: false,
    promoteBuffers: false,
    sort: { _id: 1 },
  } as const;
  const found = await db.collection(collection).find(filter, options).toArray();
  return found.map((document) =>
    BSON.EJSON.stringify(Object.fromEntries(Object.entries(document).toSorted()), { relaxed: false }),
  );
}

async function planted(source: Db): Promise<readonly string[]> {
  const spelled = (collection: string, code: string, found: readonly Document[]) =>
    found.map(({ _id }) => `${collection} {"$numberInt":"${_id}"} ${code}`);
  const notes = await source.collection<Document>('notes').find({ body: 'poison' }).toArray();
  const tags = await source
    .collection<Document>('tags')
    .find({ _id: { $gte: 1000 } })
    .toArray();
  return [...spelled('notes', 'value-refused', notes), ...spelled('tags', 'key-clash', tags)].sort();
}

/** After `remove`: of us there is nothing in either database. */
export async function expectNoTrace({ source, target }: MongoWorld): Promise<void> {
  const names = async (db: Db) =>
    (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
  const all = ['archive', 'labels', 'notes', 'people', 'tags'];
  expect((await names(source)).toSorted()).toEqual(all);
  expect((await names(target)).toSorted()).toEqual(all);
}
