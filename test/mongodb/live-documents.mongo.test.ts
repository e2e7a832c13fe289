import { expect, test, vi } from 'vitest';
import { startLive } from './live-pair.ts';
import { openMongoPair } from './pair.ts';

vi.setConfig({ testTimeout: 90_000 });

interface Valued {
  readonly _id: number;
  readonly v?: unknown;
}

test('documents of 16 MB, an _id that is null, and names with dots and dollars follow, changed and deleted too', async () => {
  await using pair = await openMongoPair();
  const name = 'a.b ä';
  await pair.source.createCollection(name);
  await using live = await startLive(pair, { collections: [name], create: true });
  await live.caughtUp();
  const text = 'x'.repeat(16 * 1024 * 1024 - 40);
  const odd = (_id: unknown, v: unknown) =>
    new Map<string, unknown>([
      ['_id', _id],
      ['a.b', v],
      ['$set', { $inc: v }],
      ['', { 'c.$d': v }],
    ]);
  // The driver would give a document whose id is null one of its own.
  await pair.source.command({ insert: name, documents: [odd(null, 1), odd('$a.b', 1)] });
  await pair.source.command({ insert: name, documents: [{ _id: 1, text }] });
  expect(await live.same(name)).toBe(3);
  const [first, second] = [text.replace('x', 'y'), text.replace('x', 'z')];
  const changes = [
    { q: { _id: null }, u: [{ $replaceWith: { $literal: odd(null, 2) } }] },
    { q: { _id: { $eq: '$a.b' } }, u: [{ $replaceWith: { $literal: odd('$a.b', 2) } }] },
    { q: { _id: 1 }, u: { text: first } },
  ];
  expect(await pair.source.command({ update: name, updates: changes })).toMatchObject({ nModified: 3 });
  expect(await live.same(name)).toBe(3);
  await pair.source.command({ update: name, updates: [{ q: { _id: 1 }, u: { $set: { text: second } } }] });
  expect(await live.same(name)).toBe(3);
  await pair.source.command({ delete: name, deletes: [{ q: { _id: null }, limit: 1 }] });
  expect(await live.same(name)).toBe(2);
  expect(live.log.all('gap')).toEqual([]);
  expect(live.log.all('dead-letter.put')).toEqual([]);
});

test('what a validator of the target refuses is a letter, others flow, and the first version that it takes resolves it', async () => {
  await using pair = await openMongoPair();
  const t = pair.source.collection<Valued>('t');
  await t.insertOne({ _id: 0, v: 0 });
  await pair.target.createCollection('t', { validator: { v: { $type: 'number' } } });
  await using live = await startLive(pair, { collections: ['t'] });
  await live.caughtUp();
  await t.insertMany([
    { _id: 1, v: 1 },
    { _id: 2, v: 'secret' },
    { _id: 3, v: 3 },
  ]);
  await live.until('a letter', () => live.log.all('dead-letter.put').length > 0);
  const { letters } = await live.engine.letters('it');
  expect(letters).toMatchObject([{ key: '{"$numberInt":"2"}', code: 'value-refused' }]);
  expect(JSON.stringify(letters)).not.toContain('secret');
  await live.until(
    'the others arrive',
    async () => (await pair.target.collection('t').countDocuments()) === 3,
  );
  await t.updateOne({ _id: 2 }, { $set: { v: 2 } });
  expect(await live.same('t')).toBe(4);
  await live.until('no letter', async () => (await live.engine.letters('it')).letters.length === 0);
});

test('unique values that documents exchange, within a transaction or one after the other, end where they are at the source', async () => {
  await using pair = await openMongoPair();
  const t = pair.source.collection<Valued>('t');
  await t.insertMany(Array.from({ length: 20 }, (_, _id) => ({ _id, v: _id })));
  await t.createIndex({ v: 1 }, { unique: true });
  await using live = await startLive(pair, { collections: ['t'], create: true });
  await live.caughtUp();
  await using session = pair.source.client.startSession();
  const exchange = (a: number, b: number, options = {}) =>
    t.bulkWrite(
      [
        { updateOne: { filter: { _id: a }, update: { $set: { v: 'held' } } } },
        { updateOne: { filter: { _id: b }, update: { $set: { v: a } } } },
        { updateOne: { filter: { _id: a }, update: { $set: { v: b } } } },
      ],
      options,
    );
  await session.withTransaction(() => exchange(1, 2, { session }));
  await exchange(3, 4);
  for (let _id = 5; _id < 15; _id += 2) {
    await t.deleteOne({ _id });
    await t.updateOne({ _id: _id + 1 }, { $set: { v: _id } });
  }
  expect(await live.same('t')).toBe(15);
  await live.stop();
  expect((await live.engine.letters('it')).letters).toEqual([]);
  expect((await pair.target.collection('t').indexes()).map(({ key }) => key)).toContainEqual({ v: 1 });
});
