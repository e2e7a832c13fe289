import type { Db } from 'mongodb';
import { expect, test } from 'vitest';
import { findingsOf, openMongoPair } from './pair.ts';

async function kindOf(db: Db, name: string) {
  const [found] = await db.listCollections({ name }).toArray();
  const options = found !== undefined && 'options' in found ? found.options : null;
  return { options, indexes: await db.collection(name).indexes() };
}

const differs = { code: 'mongodb-target-differs' };

test('a collection is made as its source is: every kind of index, expiry, clustering, validator, collation and images', async () => {
  await using pair = await openMongoPair();
  const { source, target } = pair;
  const t = await source.createCollection('t', {
    collation: { locale: 'de', strength: 1 },
    changeStreamPreAndPostImages: { enabled: true },
    validator: { at: { $type: 'date' } },
    validationLevel: 'strict',
    validationAction: 'warn',
  });
  await t.insertOne({ at: new Date(), v: 1, text: 'a', place: { type: 'Point', coordinates: [1, 2] } });
  await t.createIndex({ at: 1 }, { expireAfterSeconds: 1_000_000 });
  await t.createIndex({ v: 1, w: -1 }, { unique: true, sparse: true });
  await t.createIndex({ text: 'text' }, { weights: { text: 3 }, collation: { locale: 'simple' } });
  await t.createIndex({ place: '2dsphere' }, { hidden: true, collation: { locale: 'simple' } });
  await t.createIndex({ v: 'hashed' }, { collation: { locale: 'simple' } });
  await t.createIndex({ 'of.$**': 1 }, { partialFilterExpression: { v: { $gt: 1 } } });
  const clustered = { clusteredIndex: { key: { _id: 1 }, unique: true }, expireAfterSeconds: 1_000_000 };
  await source.createCollection('c', clustered);
  await source.collection('c').insertOne({ v: 1 });
  const engine = await pair.engine({ collections: ['t', 'c'], create: true });
  expect(await findingsOf(engine)).toEqual([]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  for (const name of ['t', 'c']) {
    expect(await kindOf(target, name)).toEqual(await kindOf(source, name));
    expect(await pair.expectSame(name)).toBe(1);
  }
  expect(await findingsOf(engine)).toEqual([]);
});

test('what is another at a target is told by check: what it lacks, and, louder, what may refuse documents', async () => {
  await using pair = await openMongoPair();
  const { source, target } = pair;
  await source.collection('t').insertOne({ v: 1 });
  await source.collection('t').createIndex({ v: 1 }, { name: 'by v' });
  await target.createCollection('t');
  const engine = await pair.engine({ collections: ['t'] });
  expect(await findingsOf(engine)).toMatchObject([
    { ...differs, level: 'info', subject: 't', message: expect.stringContaining('it has no index by v') },
  ]);
  await target.collection('t').createIndex({ v: 1 }, { name: 'the same' });
  expect(await findingsOf(engine)).toEqual([]);
  await target.collection('t').createIndex({ w: 1 }, { name: 'by w', unique: true });
  await target.command({ collMod: 't', validator: { v: { $type: 'int' } } });
  const [finding, ...others] = await findingsOf(engine);
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ ...differs, level: 'warning' });
  expect(finding?.message).toContain('its index by w is unique');
  expect(finding?.message).toContain('it has validator, which the source has not');
});

test('what changes at the source after its target was made is told by check, and a run makes what is missing', async () => {
  await using pair = await openMongoPair();
  await pair.source.collection('t').insertOne({ v: 1 });
  const engine = await pair.engine({ collections: ['t'], create: true });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  await pair.source.collection('t').createIndex({ v: 1 });
  await pair.target.collection('t').createIndex({ v: -1 }, { unique: true });
  expect(await findingsOf(engine)).toMatchObject([{ ...differs, level: 'warning' }]);
  await pair.target.collection('t').dropIndexes();
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await kindOf(pair.target, 't')).toEqual(await kindOf(pair.source, 't'));
});

test('a capped source gets a target that is not, and check says so; views and time series are refused by name and no pattern means them', async () => {
  await using pair = await openMongoPair();
  const { source, target } = pair;
  await source.createCollection('log', { capped: true, size: 4096 });
  await source.collection('log').insertMany([{ v: 1 }, { v: 2 }]);
  await source.createCollection('seen', { viewOn: 'log', pipeline: [] });
  await source.createCollection('measured', { timeseries: { timeField: 'at' } });
  const engine = await pair.engine({ collections: ['*'], create: true });
  expect(await findingsOf(engine)).toMatchObject([
    { ...differs, level: 'info', subject: 'log', message: expect.stringContaining('capped') },
  ]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 2 }] });
  expect(await kindOf(target, 'log')).toMatchObject({ options: {} });
  expect(await findingsOf(engine)).toMatchObject([{ ...differs, subject: 'log' }]);
  for (const name of ['seen', 'measured']) {
    const refused = await pair.engine({ collections: [name], create: true });
    expect(await findingsOf(refused)).toContainEqual(
      expect.objectContaining({ level: 'error', code: 'mongodb-not-a-collection', subject: name }),
    );
  }
});
