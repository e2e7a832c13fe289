import { BSON, type Document } from 'mongodb';
import { expect, test } from 'vitest';
import { keepingTypes } from '../../../src/connectors/mongodb/bson/id-value.ts';
import type { Row } from '../../../src/index.ts';
import { startLive } from '../live-pair.ts';
import { openMongoPair } from '../pair.ts';

interface Person extends Document {
  readonly _id: number;
  readonly name: string;
}

const person = (id: number, name = `name ${id}`): Person => ({ _id: id, name });
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const exact = (document: Document): string => BSON.EJSON.stringify(document, { relaxed: false });
const many = (count: number, from = 0) => Array.from({ length: count }, (_, index) => person(from + index));

const mapping = {
  mapReads: ['_id', 'name'],
  map: (row: Row): Row => {
    if (row['name'] === 'broken') throw new Error('a broken row');
    return { _id: row['_id'] ?? null, 'person.name': row['name'] ?? null };
  },
  mapVersion: '1',
  columns: { _id: true, 'person.name': { mapped: true } },
  scope: 'all',
} as const;

const theirs = { set: { 'person.theirs': 'yes' } };

test('what can’t be mapped, or is refused, is a dead letter: all others arrive, and a cured one follows', async () => {
  await using pair = await openMongoPair();
  const source = pair.source.collection<Person>('people');
  await pair.target.createCollection('people', { validator: { 'person.name': { $ne: 'poison' } } });
  await source.insertMany([...many(300), person(400, 'broken'), person(401, 'poison')]);
  await using live = await startLive(pair, { collections: { people: mapping } });
  const target = pair.target.collection<Person>('people');
  const letters = async () =>
    (await live.engine.letters('it')).letters.map(({ key, code }) => `${code} ${key}`).toSorted();
  await live.caughtUp();
  expect(await letters()).toEqual([
    'mapping-failed {"$numberInt":"400"}',
    'value-refused {"$numberInt":"401"}',
  ]);
  await target.updateMany({}, { $set: theirs.set });
  await source.insertMany([...many(50, 500), person(600, 'poison'), ...many(50, 700)]);
  await source.updateOne({ _id: 1 }, { $set: { name: 'new' } });
  await source.updateOne({ _id: 2 }, { $set: { name: 'poison' } });
  await live.until('all others are there', async () => (await target.countDocuments()) === 400);
  await live.until(
    'the change is there',
    async () => (await target.findOne({ _id: 1 }))?.['person'].name === 'new',
  );
  await live.until('it is noticed', async () => (await letters()).length === 4);
  expect(await target.findOne({ _id: 1 })).toEqual({ _id: 1, person: { name: 'new', theirs: 'yes' } });
  expect(await target.findOne({ _id: 2 })).toEqual({ _id: 2, person: { name: 'name 2', theirs: 'yes' } });
  await source.updateMany({ _id: { $in: [2, 400, 401, 600] } }, { $set: { name: 'cured' } });
  await live.until('they follow', async () => (await letters()).length === 0);
  expect(await target.countDocuments({ 'person.name': 'cured' })).toBe(4);
  await live.stop();
});

test('unique values change places where they are, in a pass and in a window, and what others wrote stays', async () => {
  await using pair = await openMongoPair();
  const source = pair.source.collection<Person>('people');
  const target = pair.target.collection<Person>('people');
  const partialFilterExpression = { 'person.name': { $type: 'string' } };
  await target.createIndex({ 'person.name': 1 }, { unique: true, partialFilterExpression });
  await source.insertMany(many(30));
  const engine = await pair.engine({ collections: { people: mapping } });
  await engine.run('it');
  await target.updateMany({}, { $set: theirs.set });
  const rotate = async (by: number) => {
    await source.updateMany({}, [
      { $set: { name: { $concat: ['name ', { $toString: { $mod: [{ $add: ['$_id', by] }, 30] } }] } } },
    ]);
  };
  const expected = (by: number) =>
    many(30).map(({ _id }) => ({ _id, person: { name: `name ${(_id + by) % 30}`, theirs: 'yes' } }));
  await rotate(1);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ updated: 30 }] });
  expect(await target.find().sort({ _id: 1 }).toArray()).toEqual(expected(1));
  await using live = await startLive(pair, { collections: { people: mapping } });
  await live.caughtUp();
  await rotate(2);
  await live.until('they have', async () => (await target.findOne({ _id: 0 }))?.['person'].name === 'name 2');
  await live.until('all have', async () => {
    const found = await target.find().sort({ _id: 1 }).toArray();
    return (
      JSON.stringify(found.map(({ person: { name } }) => name)) ===
      JSON.stringify(expected(2).map(({ person: { name } }) => name))
    );
  });
  expect(await target.countDocuments({ 'person.theirs': 'yes' })).toBe(30);
  await live.stop();
});

interface Part extends Document {
  readonly _id: number;
  readonly sku: unknown;
}

test('values of every type change places in a window, where a validator insists on their types', async () => {
  await using pair = await openMongoPair();
  const source = pair.source.collection<Part>('parts');
  const target = pair.target.collection<Part>('parts');
  const kinds: readonly (readonly [type: string, of: (n: number) => unknown])[] = [
    ['int', (n) => new BSON.Int32(n)],
    ['long', (n) => new BSON.Long(n)],
    ['double', (n) => new BSON.Double(n)],
    ['decimal', (n) => BSON.Decimal128.fromString(String(n))],
    ['date', (n) => new Date(n)],
    ['objectId', (n) => new BSON.ObjectId(String(n).padStart(24, '0'))],
    ['binData', (n) => new BSON.Binary(Buffer.alloc(16, n), n < 4 ? 0 : 4)],
    ['object', (n) => ({ code: new BSON.Int32(n), deep: [{ no: String(n) }], fine: true })],
    ['array', (n) => [new BSON.Int32(n), new BSON.Int32(n + 100)]],
  ];
  const names = kinds.map(([type]) => `${type}s`);
  const properties = Object.fromEntries(kinds.map(([type]) => [`${type}s`, { bsonType: type }]));
  const codes = { bsonType: 'object', properties: { code: { bsonType: 'int' }, fine: { bsonType: 'bool' } } };
  const validator = { $jsonSchema: { properties: { ...properties, objects: codes } } };
  await pair.target.createCollection('parts', { validator });
  for (const name of names)
    await target.createIndex({ [name === 'objects' ? 'objects.code' : name]: 1 }, { unique: true });
  await target.createIndex({ 'objects.deep.no': 1 }, { unique: true });
  const part = (_id: number, n: number) => ({
    _id,
    sku: n,
    ...Object.fromEntries(kinds.map(([type, of]) => [`${type}s`, of(n)])),
  });
  await source.insertMany(numbers(8).map((id) => part(id, id)));
  await using live = await startLive(pair, { collections: { parts: { columns: ['_id', 'sku', ...names] } } });
  await live.caughtUp();
  await target.updateMany({}, { $set: { theirs: true } });
  await using session = pair.source.client.startSession();
  await session.withTransaction(async () => {
    for (const id of numbers(8)) await source.replaceOne({ _id: id }, part(id, (id + 1) % 8), { session });
  });
  await live.until('they have', async () => (await target.findOne({ _id: 7 }))?.sku === 0);
  await live.stop();
  expect((await live.engine.letters('it')).letters).toEqual([]);
  const stored = await target.find({}, keepingTypes).sort({ _id: 1 }).toArray();
  const expected = numbers(8).map((id) => ({ ...part(id, (id + 1) % 8), theirs: true }));
  expect(stored.map(exact)).toEqual(expected.map(exact));
});

test('values that nothing may stand in for can’t change places: those are letters, and the window goes on', async () => {
  await using pair = await openMongoPair();
  const source = pair.source.collection<Part>('parts');
  const target = pair.target.collection<Part>('parts');
  await pair.target.createCollection('parts', { validator: { sku: { $in: numbers(20) } } });
  await target.createIndex({ sku: 1 }, { unique: true });
  await source.insertMany(numbers(4).map((_id) => ({ _id, sku: _id })));
  await using live = await startLive(pair, { collections: { parts: { columns: ['_id', 'sku'] } } });
  await live.caughtUp();
  await using session = pair.source.client.startSession();
  await session.withTransaction(async () => {
    await source.updateOne({ _id: 0 }, { $set: { sku: 1 } }, { session });
    await source.updateOne({ _id: 1 }, { $set: { sku: 0 } }, { session });
    await source.insertOne({ _id: 10, sku: 10 }, { session });
  });
  await live.until('the new one is there', async () => (await target.countDocuments()) === 5);
  const refused = async () =>
    (await live.engine.letters('it')).letters.map(({ code, key }) => `${code} ${key}`).toSorted();
  await live.until('the others are told', async () => (await refused()).length === 2);
  expect(await refused()).toEqual([
    'unique-conflict {"$numberInt":"0"}',
    'unique-conflict {"$numberInt":"1"}',
  ]);
  await source.updateOne({ _id: 1 }, { $set: { sku: 11 } });
  await live.until('they are cured', async () => (await refused()).length === 0);
  await live.stop();
  expect((await target.find().sort({ _id: 1 }).toArray()).map(({ sku }) => sku)).toEqual([1, 11, 2, 3, 10]);
});
