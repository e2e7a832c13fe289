import { BSON, type Document } from 'mongodb';
import { expect, test } from 'vitest';
import { startLive } from '../live-pair.ts';
import { type MongoPair, openMongoPair } from '../pair.ts';

const { ObjectId } = BSON;

interface Item extends Document {
  readonly _id: string | BSON.ObjectId | number;
  readonly v: string;
}

const hex = (last: number): string => `65a1b2c3d4e5f60718293a${String(last).padStart(2, '0')}`;
const item = (_id: Item['_id']): Item => ({ _id, v: 'new' });
const stored = (...numbers: readonly number[]): readonly Item[] =>
  numbers.map((last) => item(new ObjectId(hex(last))));

const t = { columns: { _id: { column: '_id', as: 'objectId' }, v: true } } as const;
const both = ({ source, target }: MongoPair) =>
  [source.collection<Item>('t'), target.collection<Item>('t')] as const;

const lettersOf = async (engine: Awaited<ReturnType<MongoPair['engine']>>) =>
  (await engine.letters('it')).letters.map(({ key, code }) => `${code} ${key}`).toSorted();

test('an id whose key would be another at the target is a letter, pass for pass, and all others arrive and stay', async () => {
  await using pair = await openMongoPair();
  const [source, target] = both(pair);
  await source.insertMany([item(hex(1)), item(new ObjectId(hex(2))), item('no hex'), item(7), item(hex(3))]);
  const engine = await pair.engine({ collections: { t }, create: true });
  const letters = [
    'value-not-encodable "no hex"',
    'value-not-encodable {"$numberInt":"7"}',
    `value-not-encodable {"$oid":"${hex(2)}"}`,
  ];
  expect(await engine.run('it')).toMatchObject({ collections: [{ inserted: 2, left: 0, deadLetters: 3 }] });
  expect(await lettersOf(engine)).toEqual(letters);
  await source.insertOne(item(hex(4)));
  expect(await engine.run('it')).toMatchObject({ collections: [{ inserted: 1, left: 0, deadLetters: 3 }] });
  expect(await lettersOf(engine)).toEqual(letters);
  expect(await target.find().sort({ _id: 1 }).toArray()).toEqual(stored(1, 3, 4));
  await source.deleteMany({ _id: { $in: ['no hex', 7, new ObjectId(hex(2))] } });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
});

test('so it is in a window, which goes through without them', async () => {
  await using pair = await openMongoPair();
  const [source, target] = both(pair);
  await source.insertOne(item(hex(1)));
  await using live = await startLive(pair, { collections: { t }, create: true });
  await live.caughtUp();
  await source.insertMany([item(hex(2)), item(new ObjectId(hex(3))), item('no hex'), item(hex(4))]);
  await live.until('what can be there is', async () => (await target.countDocuments()) === 3);
  await live.until('what can’t is told', async () => (await lettersOf(live.engine)).length === 2);
  expect(await lettersOf(live.engine)).toEqual([
    'value-not-encodable "no hex"',
    `value-not-encodable {"$oid":"${hex(3)}"}`,
  ]);
  await source.deleteMany({ _id: { $in: [hex(1), new ObjectId(hex(3)), 'no hex'] } });
  await live.until('the letters are settled', async () => (await lettersOf(live.engine)).length === 0);
  await live.stop();
  expect(await target.find().sort({ _id: 1 }).toArray()).toEqual(stored(2, 4));
});
