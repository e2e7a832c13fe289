import type { Db } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { startMongoSet } from '../../../tools/servers/mongo-set.ts';
import { exportDocuments } from '../../support/mongo-export.ts';
import { openMongoPair } from '../pair.ts';
import { keptIn, looksOf, numbered, put, swapping } from './swapping.ts';

vi.setConfig({ testTimeout: 90_000 });

test('a document that the validator refuses keeps its collection from being swapped: all others come in, and it gets its letter', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', [...numbered(30, 'new'), { _id: 99, v: 'poison' }]);
  await pair.target.createCollection('t', { validator: { v: { $ne: 'poison' } } });
  await put(pair.target, 't', numbered(30, 'old'));
  const engine = await pair.engine(swapping('t'));
  expect(await engine.run('it')).toMatchObject({ result: 'pending', deadLetters: 1 });
  expect(await pair.target.collection('t').countDocuments({ v: /^new/ })).toBe(30);
  expect(await keptIn(pair.target)).not.toContainEqual(expect.stringContaining('staging'));
});

test('so does a unique value that the source has twice, and an index that can’t take a document', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 'twice', [...numbered(30, 'new'), { _id: 98, v: 'same' }, { _id: 99, v: 'same' }]);
  await put(pair.target, 'twice', numbered(30, 'old'));
  await pair.target.collection('twice').createIndex({ v: 1 }, { unique: true });
  await put(pair.source, 'places', [...numbered(30, 'new'), { _id: 99, place: 'nowhere' }]);
  await put(pair.target, 'places', numbered(30, 'old'));
  await pair.target.collection('places').createIndex({ place: '2dsphere' });
  const engine = await pair.engine(swapping('places', 'twice'));
  expect(await engine.run('it')).toMatchObject({ result: 'pending', deadLetters: 2, failures: [] });
  for (const name of ['twice', 'places'])
    expect(await pair.target.collection(name).countDocuments({ v: /^new/ }), name).toBe(30);
  expect(await keptIn(pair.target)).not.toContainEqual(expect.stringContaining('staging'));
});

test('somebody else who writes all the time keeps it from being promoted: nothing is lost, and it comes in once he stops', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', numbered(3000, 'new'));
  await put(pair.target, 't', numbered(3000, 'old'));
  const engine = await pair.engine(swapping('t'));
  let isOver = false;
  const writing = (async () => {
    for (let n = 0; !isOver; n += 1)
      await pair.target.collection<{ _id: number }>('t').updateOne({ _id: n % 3000 }, { $set: { n } });
  })();
  await expect(engine.run('it')).rejects.toMatchObject({
    code: 'retries-exhausted',
    message: expect.stringContaining('somebody else wrote to t'),
  });
  isOver = true;
  await writing;
  expect(await pair.target.collection('t').countDocuments({ v: /^old/ })).toBe(3000);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  await pair.expectSame('t');
});

test('what was changed since promotion is not taken back unasked; with `keepChanged` it stays', async () => {
  await using pair = await openMongoPair();
  for (const name of ['a', 'b']) {
    await put(pair.source, name, numbered(30, 'new'));
    await put(pair.target, name, numbered(30, 'old'));
  }
  const engine = await pair.engine(swapping('a', 'b'));
  await engine.run('it');
  await pair.target.collection<{ _id: number }>('a').updateOne({ _id: 3 }, { $set: { v: 'theirs' } });
  await expect(engine.rollBackGeneration('it')).rejects.toMatchObject({ code: 'generation-overtaken' });
  expect(await engine.status('it')).toMatchObject([{ paused: null }]);
  expect(await engine.rollBackGeneration('it', { keepChanged: true })).toMatchObject({
    generation: { state: 'rolled-back' },
  });
  expect(await pair.target.collection('a').countDocuments({ v: /^new|theirs/ })).toBe(30);
  expect(await pair.target.collection('b').countDocuments({ v: /^old/ })).toBe(30);
});

test('a backup that somebody dropped, or another collection of its name, can’t come back, and that is said', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', numbered(30, 'new'));
  await put(pair.target, 't', numbered(30, 'old'));
  const engine = await pair.engine(swapping('t'));
  await engine.run('it');
  const [backup = ''] = await keptIn(pair.target);
  await pair.target.dropCollection(backup);
  const refused = { code: 'generation-unfit', message: expect.stringContaining('somebody dropped it') };
  await expect(engine.rollBackGeneration('it')).rejects.toMatchObject(refused);
  await pair.target.collection(backup).insertOne({ v: 'an impostor' });
  await expect(engine.rollBackGeneration('it')).rejects.toMatchObject(refused);
  await pair.expectSame('t');
  expect(await engine.status('it')).toMatchObject([{ paused: null }]);
});

test('what was changed about the target since it was staged is not lost: it is refused', async () => {
  await using pair = await openMongoPair();
  await put(pair.source, 't', numbered(10, 'new'));
  await put(pair.target, 't', numbered(300, 'old'));
  const engine = await pair.engine(swapping('t'));
  expect(await engine.run('it')).toMatchObject({ result: 'pending' });
  await pair.target.collection('t').createIndex({ v: 1 }, { name: 'later' });
  await expect(engine.promoteGeneration('it')).rejects.toMatchObject({
    code: 'swap-refused',
    message: expect.stringContaining('the index later'),
  });
  await pair.target.collection('t').dropIndex('later');
  const before = await exportDocuments(pair.target, 't');
  await pair.target.renameCollection('t', 'elsewhere');
  await put(pair.target, 't', numbered(300, 'another'));
  await expect(engine.promoteGeneration('it')).rejects.toMatchObject({ code: 'generation-unfit' });
  expect(await exportDocuments(pair.target, 'elsewhere')).toEqual(before);
  expect(await pair.target.collection('t').countDocuments({ v: /^another/ })).toBe(300);
});

test.each([
  { by: 'swap', count: 9_000, made: 'lockstep_staging', kept: 'lockstep_backup' },
  { by: 'staged', count: 2_400, made: 'lockstep_rows', kept: 'lockstep_before' },
] as const)(
  'members step down and die while a generation is made and brought in ($by, $count documents): it goes on by itself',
  async ({ by, count, made, kept }) => {
    await using servers = await startMongoSet();
    await using pair = await openMongoPair(undefined, servers.url);
    const names = ['a', 'b'];
    for (const name of names) {
      await put(pair.source, name, numbered(count, 'new'));
      await put(pair.target, name, numbered(count + 10, 'old'));
      await pair.target.collection(name).createIndex({ v: 1 }, { unique: true });
    }
    const [looks, before] = [await looksOf(pair.target, 'a'), await exportDocuments(pair.target, 'a')];
    const retry = { attempts: 100, initialDelayMs: 20, maxDelayMs: 200 };
    const engine = await pair.engine({ ...swapping(...names), refresh: { by }, retry });
    const running = engine.run('it');
    await isThere(pair.target, made);
    await servers.stepDown();
    await isThere(pair.target, kept);
    const dead = await servers.killPrimary();
    expect(await running).toMatchObject({ result: 'equal', failures: [] });
    await dead.start();
    for (const name of names) await pair.expectSame(name);
    expect(await looksOf(pair.target, 'a')).toEqual(looks);
    expect(await engine.rollBackGeneration('it')).toMatchObject({ generation: { state: 'rolled-back' } });
    expect(await exportDocuments(pair.target, 'a')).toEqual(before);
  },
);

/** While members change places there may be nobody to ask. */
const isThere = (db: Db, kind: string): Promise<void> =>
  expect
    .poll(() => keptIn(db).catch(() => []), { timeout: 60_000, interval: 5 })
    .toContainEqual(expect.stringContaining(kind));
