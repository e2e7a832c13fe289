import type { Document } from 'mongodb';
import { expect, test } from 'vitest';
import { startLive } from './live-pair.ts';
import { findingsOf, type MongoPair, openMongoPair } from './pair.ts';

interface Numbered extends Document {
  readonly _id: number;
  readonly v: number;
}

const numbered = (count: number): readonly Numbered[] =>
  Array.from({ length: count }, (_, index) => ({ _id: index, v: index }));

const both = ({ source, target }: MongoPair) =>
  [source.collection<Numbered>('t'), target.collection<Numbered>('t')] as const;

/** Operators that `mark` does not have. */
const operators = {
  statement: '{"$rename":{"v":"was"},"$inc":{"times":1},"$currentDate":{"goneAt":true}}',
  absent: '{"goneAt":{"$exists":true}}',
};
/** What the document was goes into a field of it. */
const pipeline = {
  statement: '[{"$replaceWith":{"_id":"$_id","was":"$$ROOT"}}]',
  absent: '{"was":{"$exists":true}}',
};

test.each([
  { by: 'direct', what: 'operators', custom: operators, gone: { _id: 7, was: 7, times: 1 } },
  { by: 'staged', what: 'operators', custom: operators, gone: { _id: 7, was: 7, times: 1 } },
  { by: 'direct', what: 'pipeline', custom: pipeline, gone: { _id: 7, was: { _id: 7, v: 7 } } },
  { by: 'staged', what: 'pipeline', custom: pipeline, gone: { _id: 7, was: { _id: 7, v: 7 } } },
] as const)('$by: what leaves is updated by $what, counts as absent, and comes back whole', async (each) => {
  const { by, custom, gone } = each;
  await using pair = await openMongoPair();
  const [source, target] = both(pair);
  await source.insertMany([...numbered(1000)]);
  const engine = await pair.engine({
    collections: { t: { leaving: { custom } } },
    create: true,
    refresh: { by },
  });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  await source.deleteMany({ _id: { $lt: 100 } });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ left: 100 }] });
  expect(await target.findOne({ _id: 7 })).toMatchObject(gone);
  expect(await target.countDocuments({ was: { $exists: true } })).toBe(100);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ left: 0 }] });
  expect(await engine.verify('it')).toMatchObject({ equal: true });
  await source.insertOne({ _id: 7, v: 8 });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await target.findOne({ _id: 7 })).toEqual({ _id: 7, v: 8 });
});

test('a generation that updated what left is taken back, to the document', async () => {
  await using pair = await openMongoPair();
  const [source, target] = both(pair);
  await source.insertMany([...numbered(300)]);
  const engine = await pair.engine({ collections: { t: { leaving: { custom: operators } } }, create: true });
  await engine.run('it');
  await source.deleteMany({ _id: { $lt: 20 } });
  await source.updateOne({ _id: 200 }, { $set: { v: 0 } });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ left: 20, updated: 1 }] });
  await engine.rollBackGeneration('it');
  expect(await target.find().sort({ _id: 1 }).toArray()).toEqual(numbered(300));
});

test('changes are followed: gone, and come back with what others wrote', async () => {
  await using pair = await openMongoPair();
  const [source, target] = both(pair);
  await source.insertMany([...numbered(10)]);
  const custom = {
    statement: '{"$push":{"leavings":{"by":"us"}},"$set":{"gone":true}}',
    absent: '{"gone":true}',
    clear: { gone: '"$$REMOVE"' },
  };
  const t = { columns: ['_id', 'v'], leaving: { custom } };
  await using live = await startLive(pair, { collections: { t }, create: true });
  await live.caughtUp();
  await source.deleteOne({ _id: 3 });
  await live.until('it is gone', async () => (await target.findOne({ _id: 3 }))?.['gone'] === true);
  await source.insertOne({ _id: 3, v: 33 });
  await live.until('it is back', async () => (await target.findOne({ _id: 3 }))?.v === 33);
  await live.stop();
  expect(await target.findOne({ _id: 3 })).toEqual({ _id: 3, v: 33, leavings: [{ by: 'us' }] });
});

const fields = ['_id', 'v'];
const gone = { statement: '{"$set":{"gone":true}}', absent: '{"gone":true}' };
const clear = { gone: '"$$REMOVE"' };

test.each([
  { what: 'fields without `clear`', t: { columns: fields, leaving: { custom: gone } }, warns: true },
  { what: 'fields', t: { columns: fields, leaving: { custom: { ...gone, clear } } }, warns: false },
  { what: 'whole documents', t: { leaving: { custom: gone } }, warns: false },
])('what comes back of $what is present again, or `check` warns: $warns', async ({ t, warns }) => {
  await using pair = await openMongoPair();
  const [source] = both(pair);
  await source.insertMany([...numbered(10)]);
  const engine = await pair.engine({ collections: { t }, create: true });
  const told = (await findingsOf(engine)).filter(({ code }) => code === 'mongodb-clear-missing');
  expect(told).toMatchObject(warns ? [{ level: 'warning', subject: 't' }] : []);
  await engine.run('it');
  await source.deleteOne({ _id: 3 });
  await engine.run('it');
  await source.insertOne({ _id: 3, v: 33 });
  await engine.run('it');
  expect(await engine.verify('it')).toMatchObject({ equal: !warns });
});
