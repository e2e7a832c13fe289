import { expect, test } from 'vitest';
import type { Row } from '../../src/protocol/value.ts';
import { findingsOf, openMongoPair } from './pair.ts';

interface Numbered {
  readonly _id: number;
  readonly v: number | string;
}

const numbered = (count: number): Numbered[] =>
  Array.from({ length: count }, (_, index) => ({ _id: index, v: index }));

test('documents that a validator refuses are dead letters; all others arrive, and a cured one follows', async () => {
  await using pair = await openMongoPair();
  await pair.source.collection<Numbered>('t').insertMany([...numbered(500), { _id: 1000, v: 'secret' }]);
  await pair.target.createCollection('t', { validator: { v: { $type: 'number' } } });
  const engine = await pair.engine({ collections: ['t'] });
  expect(await engine.run('it')).toMatchObject({ result: 'pending', deadLetters: 1 });
  expect(await pair.target.collection('t').countDocuments()).toBe(500);
  const { letters } = await engine.letters('it');
  expect(letters).toMatchObject([{ key: '{"$numberInt":"1000"}', code: 'value-refused' }]);
  expect(JSON.stringify(letters)).not.toContain('secret');
  await pair.source.collection<Numbered>('t').updateOne({ _id: 1000 }, { $set: { v: 1 } });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await pair.expectSame('t')).toBe(501);
});

test('unique values that change places are brought in together; what is held by a stranger is a dead letter', async () => {
  await using pair = await openMongoPair();
  await pair.source.collection<Numbered>('t').insertMany(numbered(50));
  await pair.source.collection('t').createIndex({ v: 1 }, { unique: true });
  const engine = await pair.engine({ collections: { t: { scope: 'all' } }, create: true });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 50 }] });
  await pair.source.collection('t').dropIndex('v_1');
  await pair.source.collection('t').updateMany({}, [{ $set: { v: { $mod: [{ $add: ['$v', 1] }, 50] } } }]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await pair.expectSame('t')).toBe(50);
  await pair.source.collection<Numbered>('t').updateMany({ _id: { $in: [3, 4] } }, { $set: { v: 77 } });
  expect(await engine.run('it')).toMatchObject({ result: 'pending', deadLetters: 1 });
  expect((await engine.letters('it')).letters).toMatchObject([{ code: 'unique-conflict' }]);
});

test('a scope leaves others’ documents alone, and one of theirs that has our key is reported', async () => {
  await using pair = await openMongoPair();
  await pair.source.collection<Numbered>('t').insertMany(numbered(20));
  await pair.target.collection('t').insertMany([
    { _id: 5, theirs: true },
    { _id: 900, theirs: true },
  ] as never[]);
  const unsaid = await pair.engine({ collections: ['t'] });
  expect(await findingsOf(unsaid)).toMatchObject([
    { code: 'mongodb-written-directly', level: 'info' },
    { code: 'target-not-ours', level: 'warning' },
  ]);
  const scope = { where: '{"theirs":{"$exists":false}}' };
  const engine = await pair.engine({ collections: { t: { scope } } });
  expect(await engine.run('it')).toMatchObject({
    result: 'pending',
    collections: [{ inserted: 19, clashes: 1 }],
  });
  expect(await pair.target.collection('t').countDocuments({ theirs: true })).toBe(2);
  expect((await engine.letters('it')).letters).toMatchObject([{ code: 'key-clash' }]);
});

test('leaving by a mark: the document stays, counts as absent, and comes back whole', async () => {
  await using pair = await openMongoPair();
  await pair.source.collection<Numbered>('t').insertMany(numbered(1000));
  const mark = { set: { goneAt: '"$$NOW"' }, marked: '{"goneAt":{"$exists":true}}', clear: {} };
  const engine = await pair.engine({ collections: { t: { leaving: { mark } } }, create: true });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  await pair.source.collection<Numbered>('t').deleteMany({ _id: { $lt: 100 } });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ left: 100 }] });
  expect(await pair.target.collection('t').countDocuments({ goneAt: { $type: 'date' } })).toBe(100);
  expect(await engine.verify('it')).toMatchObject({ equal: true });
  await pair.source.collection<Numbered>('t').insertOne({ _id: 7, v: 8 });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ left: 0 }] });
  expect(await pair.target.collection<Numbered>('t').findOne({ _id: 7 })).toEqual({ _id: 7, v: 8 });
});

test('more leaving than the guard lets is held back until it is approved', async () => {
  await using pair = await openMongoPair();
  await pair.source.collection<Numbered>('t').insertMany(numbered(200));
  const engine = await pair.engine({ collections: ['t'], create: true });
  await engine.run('it');
  await pair.source.collection('t').deleteMany({});
  expect(await findingsOf(engine)).toMatchObject([{ code: 'mongodb-source-empty', level: 'warning' }]);
  expect(await engine.run('it')).toMatchObject({ result: 'pending', guards: [{ leaving: 200 }] });
  expect(await pair.target.collection('t').countDocuments()).toBe(200);
  await engine.approve('it');
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await pair.target.collection('t').countDocuments()).toBe(0);
});

const custom = (statement: string, absent: string) => ({ leaving: { custom: { statement, absent } } });

test.each([
  [{ columns: ['v'] }, 'mongodb-mapping-refused'],
  [{ columns: ['_id', '$v'] }, 'expression-invalid mongodb-mapping-refused'],
  [{ columns: ['_id', 'v', 'v.w'] }, 'mongodb-mapping-refused'],
  [{ columns: { _id: { column: '_id', as: 'decimal' } } }, 'mongodb-mapping-refused'],
  [{ map: (row: Row) => row }, 'columns-unnamed'],
  [{ map: (row: Row) => row, mapReads: ['_id', '$$ROOT'], columns: ['_id'] }, 'column-unknown'],
  [{ columns: { _id: true as const, v: '$$ROOT' } }, 'expression-invalid'],
  [{ exclude: ['v'] }, 'column-unknown'],
  [custom('x', '{}'), 'mongodb-expression-invalid'],
  [custom('{"left":true}', '{"left":true}'), 'mongodb-expression-invalid'],
  [custom('[]', '{"left":true}'), 'mongodb-expression-invalid'],
  [custom('{"$sett":{"left":true}}', '{"left":true}'), 'mongodb-expression-invalid'],
  [custom('[{"$set":{"at":{"$noSuch":1}}}]', '{"left":true}'), 'mongodb-expression-invalid'],
  [custom('{"$set":{"left":true}}', '{"left":{"$noSuch":1}}'), 'mongodb-expression-invalid'],
  [custom('{"$set":{"left":true}}', '{"at":{"$near":[0,0]}}'), 'mongodb-expression-invalid'],
  [
    { leaving: { mark: { set: { at: '{"$noSuch":1}' }, marked: '{"at":1}', clear: {} } } },
    'mongodb-expression-invalid',
  ],
  [{ swap: true, scope: { where: '{"v":1}' } }, 'swap-refused'],
  [{ filter: '{"v":{"$noSuch":1}}' }, 'expression-invalid'],
  [{ filter: 'v = 1' }, 'expression-invalid'],
  [{ scope: { where: '[]' } }, 'mongodb-expression-invalid'],
  [{ scope: { where: '{"v":{"$noSuch":1}}' } }, 'mongodb-expression-invalid'],
  [{ scope: { adopt: '7' } }, 'mongodb-expression-invalid'],
])('what is not there yet is refused before anything is touched: %j', async (mapping, code) => {
  await using pair = await openMongoPair();
  await pair.source.collection<Numbered>('t').insertOne({ _id: 1, v: 1 });
  const engine = await pair.engine({ collections: { t: mapping }, create: true });
  expect((await findingsOf(engine)).map((finding) => finding.code).join(' ')).toBe(code);
  expect(await pair.target.listCollections().toArray()).toEqual([]);
});

test('a view and a collection that is not there are named', async () => {
  await using pair = await openMongoPair();
  await pair.source.collection<Numbered>('orders').insertOne({ _id: 1, v: 1 });
  await pair.source.createCollection('shown', { viewOn: 'orders', pipeline: [] });
  const engine = await pair.engine({ collections: ['shown', 'order'], create: true });
  expect(await findingsOf(engine)).toMatchObject([
    { code: 'collection-unknown', message: expect.stringContaining('orders') },
    { code: 'mongodb-not-a-collection' },
  ]);
});
