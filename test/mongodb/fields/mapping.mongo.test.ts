import { BSON, type Document } from 'mongodb';
import { expect, test } from 'vitest';
import type { Row } from '../../../src/index.ts';
import { everyType } from '../documents.ts';
import { startLive } from '../live-pair.ts';
import { openMongoPair } from '../pair.ts';

const uuid = (last: number): string => `00000000-0000-4000-8000-${String(last).padStart(12, '0')}`;
const keyed = (last: number): Document => ({ _id: new BSON.UUID(uuid(last)) });

interface User {
  readonly _id: string;
  readonly profile?: { readonly name: string };
  readonly phone?: { readonly number: string };
  readonly secret?: string;
  readonly gone?: boolean;
}

const user = (last: number, more: Partial<User> = {}): User => ({
  _id: uuid(last),
  profile: { name: `User ${last}` },
  secret: 'never',
  ...more,
});

/** What a mapping was given. */
const seen: Row[] = [];

const users = {
  target: 'Users',
  mapReads: ['_id', 'profile.name', 'phone', 'gone'],
  map: (row: Row): Row | null => {
    seen.push(row);
    if (row['gone'] === true) return null;
    const phone = row['phone'];
    const digits = typeof phone === 'object' && phone !== null && 'number' in phone ? phone.number : null;
    return {
      _id: row['_id'] ?? null,
      name: row['profile.name'] ?? 'nobody',
      ...(digits === null ? {} : { 'contact.email': `${digits}@example.org` }),
      password: '',
    };
  },
  mapVersion: '1',
  columns: {
    _id: { column: '_id', as: 'uuid' },
    name: { mapped: true },
    'contact.email': { mapped: true },
    password: { mapped: true, onInsert: true },
  },
  scope: 'all',
} as const;

test('a function sees the fields it names and no others, and its fields are set beside those of others', async () => {
  await using pair = await openMongoPair();
  seen.length = 0;
  await pair.source
    .collection<User>('users')
    .insertMany([user(1, { phone: { number: '1' } }), user(2), user(3, { gone: true })]);
  await pair.target
    .collection('Users')
    .insertOne({ ...keyed(2), name: 'old', contact: { email: 'x', city: 'y' }, password: 'p', theirs: 1 });
  const engine = await pair.engine({ collections: { users } });
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [{ inserted: 1, updated: 1 }],
  });
  expect(await pair.target.collection('Users').find().sort({ _id: 1 }).toArray()).toEqual([
    { ...keyed(1), name: 'User 1', contact: { email: '1@example.org' }, password: '' },
    { ...keyed(2), name: 'User 2', contact: { city: 'y' }, password: 'p', theirs: 1 },
  ]);
  expect(new Set(seen.flatMap((row) => Object.keys(row)))).toEqual(
    new Set(['_id', 'profile.name', 'phone', 'gone']),
  );
  await pair.target.collection('Users').updateMany({}, { $set: { theirs: 2, password: 'changed' } });
  expect(await engine.verify('it')).toMatchObject({ equal: true });
  await pair.target.collection('Users').updateOne(keyed(1), { $set: { 'contact.email': 'wrong' } });
  expect(await engine.verify('it')).toMatchObject({ equal: false, collections: [{ different: 1 }] });
  await pair.source.collection<User>('users').deleteOne({ _id: uuid(2) });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ updated: 1, left: 1 }] });
  expect(await pair.target.collection('Users').find().toArray()).toEqual([
    { ...keyed(1), name: 'User 1', contact: { email: '1@example.org' }, password: 'changed', theirs: 2 },
  ]);
});

test('changes are followed: made, changed, gone, and come back', async () => {
  await using pair = await openMongoPair();
  const source = pair.source.collection<User>('users');
  const target = pair.target.collection('Users');
  await source.insertMany([user(1), user(2)]);
  await target.insertOne({ ...keyed(9), deleted: false, theirs: 'a stranger' });
  const leaving = {
    mark: {
      set: { deleted: 'true', deletedAt: '"$$NOW"' },
      marked: '{"deleted":true}',
      clear: { deleted: 'false', deletedAt: '"$$REMOVE"' },
    },
  };
  const scope = { where: '{"theirs":{"$exists":false}}' };
  await using live = await startLive(pair, { collections: { users: { ...users, leaving, scope } } });
  await live.caughtUp();
  await source.insertOne(user(3));
  await source.updateOne({ _id: uuid(1) }, { $set: { profile: { name: 'Other' } } });
  await source.deleteOne({ _id: uuid(2) });
  await live.until('all three are there', async () => {
    const [one, two, three] = await Promise.all([1, 2, 3].map((last) => target.findOne(keyed(last))));
    return one?.['name'] === 'Other' && two?.['deleted'] === true && three !== null;
  });
  await source.insertOne(user(2));
  await live.until('it is back', async () => (await target.findOne(keyed(2)))?.['deleted'] === false);
  expect(await target.findOne(keyed(2))).toEqual({
    ...keyed(2),
    name: 'User 2',
    password: '',
    deleted: false,
  });
  expect(await target.findOne(keyed(9))).toMatchObject({ theirs: 'a stranger' });
  await live.stop();
});

test('every type goes through a function unchanged, to the byte', async () => {
  await using pair = await openMongoPair();
  const document = new Map<string, unknown>([['_id', new BSON.ObjectId()], ...Object.entries(everyType)]);
  await pair.source.command({ insert: 'all', documents: [document] });
  const names = Object.keys(everyType);
  const columns = {
    _id: true as const,
    ...Object.fromEntries(names.map((name) => [name, { mapped: true as const }])),
  };
  const engine = await pair.engine({
    collections: { all: { columns, map: (row) => ({ ...row }), mapVersion: '1' } },
    create: true,
  });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 1 }] });
  expect(await pair.expectSame('all')).toBe(1);
  expect(await engine.verify('it')).toMatchObject({ equal: true });
});

test('fields are copied without a function too, under other names and computed by the source', async () => {
  await using pair = await openMongoPair();
  const documents = Array.from({ length: 2500 }, (_, index) => ({
    _id: index,
    a: { b: index },
    c: `c${index}`,
  }));
  await pair.source.collection<{ _id: number }>('t').insertMany(documents);
  const columns = { _id: true, 'x.y': 'a.b', up: { expression: '{"$toUpper":"$c"}' } } as const;
  const engine = await pair.engine({ collections: { t: { columns } }, create: true, rowsPerPartition: 500 });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 2500 }] });
  expect(await pair.target.collection<{ _id: number }>('t').findOne({ _id: 7 })).toEqual({
    _id: 7,
    x: { y: 7 },
    up: 'C7',
  });
  await pair.source.collection<{ _id: number }>('t').updateOne({ _id: 7 }, { $unset: { a: 1 } });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ updated: 1 }] });
  expect(await pair.target.collection<{ _id: number }>('t').findOne({ _id: 7 })).toEqual({
    _id: 7,
    x: {},
    up: 'C7',
  });
});

test('a Timestamp of zeros stays one: made in a pass and in a window, and set in both', async () => {
  await using pair = await openMongoPair();
  // Within a document the server leaves it alone.
  const deep = { at: new BSON.Timestamp({ t: 0, i: 0 }) };
  const source = pair.source.collection<Document & { _id: number }>('t');
  const target = pair.target.collection<Document & { _id: number }>('t');
  await source.insertMany([{ _id: 1, deep }, { _id: 2 }]);
  const t = { columns: { _id: true, at: 'deep.at' } } as const;
  const engine = await pair.engine({ collections: { t }, create: true });
  await engine.run('it');
  await source.insertOne({ _id: 3, deep });
  await source.updateOne({ _id: 2 }, { $set: { deep } });
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [{ inserted: 1, updated: 1 }],
  });
  await using live = await startLive(pair, { collections: { t } });
  await live.caughtUp();
  await source.insertMany([{ _id: 4, deep }, { _id: 5 }]);
  await source.updateOne({ _id: 5 }, { $set: { deep } });
  await live.until(
    'all are there',
    async () => (await target.countDocuments({ at: { $exists: true } })) === 5,
  );
  await live.stop();
  const stored = await target.find().sort({ _id: 1 }).toArray();
  expect(stored).toEqual([1, 2, 3, 4, 5].map((_id) => ({ _id, ...deep })));
});

test('a target that is made for fields gets no index, validator or option of the source, which speak of its fields', async () => {
  await using pair = await openMongoPair();
  interface Person {
    readonly _id: number;
    readonly phone: { readonly number: string };
    readonly seenAt: Date;
  }
  await pair.source.createCollection('people', {
    collation: { locale: 'en', strength: 2 },
    validator: { phone: { $type: 'object' } },
    changeStreamPreAndPostImages: { enabled: true },
  });
  const source = pair.source.collection<Person>('people');
  await source.createIndexes([
    { key: { 'phone.number': 1 }, name: 'phone', unique: true },
    { key: { seenAt: 1 }, name: 'seen', expireAfterSeconds: 100_000_000 },
  ]);
  const person = (id: number): Person => ({ _id: id, phone: { number: `${id}` }, seenAt: new Date() });
  await source.insertMany([person(1), person(2), person(3)]);
  const people = { columns: { _id: true, contact: 'phone.number' } } as const;
  const engine = await pair.engine({ collections: { people }, create: true });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 3 }] });
  // A pass finishes the target; what comes afterwards must be taken too.
  await source.insertOne(person(4));
  await source.updateOne({ _id: 1 }, { $set: { 'phone.number': 'changed' } });
  expect(await engine.run('it')).toMatchObject({
    result: 'equal',
    collections: [{ inserted: 1, updated: 1 }],
  });
  const target = pair.target.collection<Document & { _id: number }>('people');
  expect(await target.find().sort({ _id: 1 }).toArray()).toEqual(
    ['changed', '2', '3', '4'].map((contact, index) => ({ _id: index + 1, contact })),
  );
  expect((await target.listIndexes().toArray()).map(({ name }) => name)).toEqual(['_id_']);
  const [made] = await pair.target.listCollections({ name: 'people' }).toArray();
  expect(made).toMatchObject({ options: {} });
  expect(await engine.verify('it')).toMatchObject({ equal: true });
});
