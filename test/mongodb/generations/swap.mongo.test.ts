import type { CreateCollectionOptions, Db, IndexDescription } from 'mongodb';
import { expect, test } from 'vitest';
import { exportDocuments } from '../../support/mongo-export.ts';
import { openMongoPair } from '../pair.ts';
import { keptIn, looksOf, numbered, put, swapping } from './swapping.ts';
import { watchStates } from './watch-states.ts';

test('a swap brings in all documents at once, keeps what was, and can be taken back and brought in again', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', numbered(300, 'new'));
  await put(pair.target, 't', numbered(310, 'old'));
  const before = await exportDocuments(pair.target, 't');
  const engine = await pair.engine(swapping('t'));
  expect(await engine.plan('it')).toMatchObject({ collections: [{ comesIn: { by: 'swap' } }] });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 300 }] });
  await pair.expectSame('t');
  expect(await engine.generations('it')).toMatchObject({
    generations: [
      {
        id: 1,
        state: 'promoted',
        canRollBack: true,
        collections: [{ by: 'swap', inserted: 300, left: 310, lockedMs: expect.any(Number) }],
      },
    ],
  });
  expect(await keptIn(pair.target)).toEqual(['lockstep_backup.it.f1.g1.1']);
  expect(await engine.run('it')).toMatchObject({ result: 'equal', collections: [{ copied: 0 }] });

  expect(await engine.rollBackGeneration('it')).toMatchObject({
    paused: true,
    generation: { state: 'rolled-back' },
  });
  expect(await exportDocuments(pair.target, 't')).toEqual(before);
  expect(await keptIn(pair.target)).toEqual([]);
  await expect(engine.run('it')).rejects.toMatchObject({ code: 'pipeline-paused' });
  await engine.resume('it', { yes: true });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  await pair.expectSame('t');
  await engine.remove('it');
  expect(await keptIn(pair.target)).toEqual([]);
  await pair.expectSame('t');
});

const kinds: readonly [string, CreateCollectionOptions, IndexDescription[]][] = [
  ['a collation', { collation: { locale: 'en', strength: 2 } }, []],
  [
    'a validator',
    { validator: { v: { $type: 'string' } }, validationLevel: 'moderate', validationAction: 'warn' },
    [],
  ],
  [
    'a clustered index',
    {
      clusteredIndex: { key: { _id: 1 }, unique: true, name: 'by id' },
      expireAfterSeconds: 1_000_000,
    },
    [{ key: { v: -1 }, name: 'back' }],
  ],
  ['before-images', { changeStreamPreAndPostImages: { enabled: true } }, []],
  [
    'indexes of every kind',
    {},
    [
      { key: { v: 1 }, name: 'one', unique: true, partialFilterExpression: { v: { $gt: '' } } },
      { key: { w: 1 }, name: 'gone after a while', expireAfterSeconds: 5_000 },
      { key: { x: 'hashed' }, name: 'hashed' },
      { key: { y: 'text', z: 'text' }, name: 'words', weights: { y: 3 }, default_language: 'none' },
      { key: { 'deep.$**': 1 }, name: 'all' },
      { key: { place: '2dsphere', v: -1 }, name: 'where', sparse: true },
      { key: { hidden: 1 }, name: 'hidden', hidden: true, collation: { locale: 'fr' } },
    ],
  ],
];

test.each(kinds)(
  '%s of the target is there afterwards, and after it went back',
  async (_, options, indexes) => {
    await using pair = await openMongoPair();
    await put(pair.source, 't', numbered(30, 'new'));
    await pair.target.createCollection('t', options);
    if (indexes.length > 0) await pair.target.collection('t').createIndexes(indexes);
    await put(pair.target, 't', numbered(31, 'old'));
    const looks = await looksOf(pair.target, 't');
    const engine = await pair.engine(swapping('t'));
    expect(await engine.run('it')).toMatchObject({ result: 'equal', failures: [] });
    await pair.expectSame('t');
    expect(await looksOf(pair.target, 't')).toEqual(looks);
    await engine.rollBackGeneration('it');
    expect(await looksOf(pair.target, 't')).toEqual(looks);
    expect(await pair.target.collection('t').countDocuments({ v: /^old/ })).toBe(31);
  },
);

test('documents that are older than the validator come back too', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', numbered(30, 'new'));
  await put(pair.target, 't', [...numbered(20, 'old'), { _id: 20, v: 1 }]);
  await pair.target.command({ collMod: 't', validator: { v: { $type: 'string' } } });
  const [before, looks] = [await exportDocuments(pair.target, 't'), await looksOf(pair.target, 't')];
  const engine = await pair.engine(swapping('t'));
  await engine.run('it');
  await engine.rollBackGeneration('it');
  expect(await exportDocuments(pair.target, 't')).toEqual(before);
  expect(await looksOf(pair.target, 't')).toEqual(looks);
});

test('a reader at full speed sees what was or what is, and nothing between (rule 7)', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', numbered(2000, 'new'));
  await put(pair.target, 't', numbered(2010, 'old'));
  const engine = await pair.engine(swapping('t'));
  await using watching = watchStates(pair.target, ['t']);
  await engine.run('it');
  await engine.rollBackGeneration('it');
  await engine.resume('it', { yes: true });
  await engine.run('it');
  expect(await watching.seen('t')).toEqual(['2000 new', '2010 old']);
});

test('a cursor that is open while its collection is renamed over fails with 175, and a new one finds all', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', numbered(300, 'new'));
  await put(pair.target, 't', numbered(310, 'old'));
  const cursor = pair.target.collection('t').find({}, { batchSize: 10 });
  await cursor.next();
  await (await pair.engine(swapping('t'))).run('it');
  await expect(cursor.toArray()).rejects.toMatchObject({ code: 175 });
  expect(await pair.target.collection('t').find().toArray()).toHaveLength(300);
});

test('what shrinks too much waits, with its whole generation, for `promote`', async () => {
  await using pair = await openMongoPair();
  for (const name of ['a', 'b']) await put(pair.target, name, numbered(300, 'old'));
  await put(pair.source, 'a', numbered(10, 'new'));
  await put(pair.source, 'b', numbered(300, 'new'));
  const engine = await pair.engine({ ...swapping('a', 'b'), refresh: { by: 'swap', keep: 0 } });
  expect(await engine.run('it')).toMatchObject({ result: 'pending', guards: [{ leaving: 290, total: 300 }] });
  expect(await states(pair.target)).toEqual({ a: '300 old', b: '300 old' });
  expect(await engine.generations('it')).toMatchObject({
    generations: [{ state: 'staged', held: expect.stringContaining('a') }],
  });
  expect(await engine.promoteGeneration('it')).toMatchObject({ generation: { state: 'promoted' } });
  expect(await states(pair.target)).toEqual({ a: '10 new', b: '300 new' });
});

const states = async (db: Db) => {
  await using watching = watchStates(db, ['a', 'b']);
  return { a: (await watching.seen('a')).join(), b: (await watching.seen('b')).join() };
};

test('only so many as are to be kept can be taken back, one after the other', async () => {
  await using pair = await openMongoPair();
  await put(pair.target, 't', numbered(20, 'zero'));
  const engine = await pair.engine({ ...swapping('t'), refresh: { by: 'swap', keep: 2 } });
  for (const v of ['one', 'two', 'three']) {
    await put(pair.source, 't', numbered(20, v));
    expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  }
  expect(await keptIn(pair.target)).toHaveLength(2);
  await expect(engine.rollBackGeneration('it', { generation: 2 })).rejects.toMatchObject({
    code: 'generation-unfit',
    message: expect.stringContaining('generation 3'),
  });
  for (const [generation, v] of [
    [3, 'two'],
    [2, 'one'],
  ] as const) {
    await engine.rollBackGeneration('it', { generation });
    expect(await pair.target.collection('t').countDocuments({ v: { $regex: `^${v}` } })).toBe(20);
  }
  await expect(engine.rollBackGeneration('it', { generation: 1 })).rejects.toMatchObject({
    code: 'generation-unfit',
  });
  expect(await keptIn(pair.target)).toEqual([]);
});

test('with `keep: 0` nothing is copied aside', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', numbered(20, 'new'));
  await put(pair.target, 't', numbered(21, 'old'));
  const engine = await pair.engine({ ...swapping('t'), refresh: { by: 'swap', keep: 0 } });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  await pair.expectSame('t');
  expect(await keptIn(pair.target)).toEqual([]);
  await expect(engine.rollBackGeneration('it')).rejects.toMatchObject({ code: 'generation-missing' });
});

test('what has an owner of its own in the target is refused before anything is touched', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', numbered(20, 'new'));
  await put(pair.target, 't', numbered(20, 'old'));
  const collections = {
    t: {
      scope: { where: '{"ours":true}' },
      leaving: { mark: { set: { gone: 'true' }, marked: '{"gone":true}', clear: { gone: 'null' } } },
    },
  };
  const engine = await pair.engine({ ...swapping('t'), collections });
  expect(await engine.check('it')).toMatchObject([
    {
      ok: false,
      findings: [
        { code: 'swap-refused', message: expect.stringMatching(/documents of others.*documents that leave/) },
      ],
    },
  ]);
});
