import { expect, test } from 'vitest';
import { exportDocuments } from '../../support/mongo-export.ts';
import { type MongoPair, openMongoPair } from '../pair.ts';
import { keptIn, numbered, put } from './swapping.ts';

/** So much leaves that it needs a copy, and that it waits for somebody's word. */
async function stageCopy(pair: MongoPair) {
  await put(pair.source, 't', numbered(10, 'new'));
  await put(pair.target, 't', numbered(6_000, 'old'));
  const engine = await pair.engine({ collections: { t: { scope: 'all' } } });
  expect(await engine.run('it')).toMatchObject({ result: 'pending', guards: [{ leaving: 5_990 }] });
  expect(await keptIn(pair.target)).toContainEqual(expect.stringContaining('lockstep_staging'));
  return engine;
}

test('a copy to whose target somebody has written since is refused at once, and the next run makes another', async () => {
  await using pair = await openMongoPair();
  const engine = await stageCopy(pair);
  await pair.target.collection<{ _id: number }>('t').updateOne({ _id: 3 }, { $set: { v: 'theirs' } });
  await expect(engine.promoteGeneration('it')).rejects.toMatchObject({
    code: 'generation-unfit',
    message: expect.stringContaining('somebody else wrote to t (1 write(s)) since it was copied'),
  });
  expect(await pair.target.collection('t').countDocuments()).toBe(6_000);
  await engine.approve('it');
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  await pair.expectSame('t');
});

test('where documents expire, those that did since it was copied keep nothing from coming in', async () => {
  await using pair = await openMongoPair();
  await pair.target.collection('t').createIndex({ at: 1 }, { expireAfterSeconds: 1_000_000 });
  const engine = await stageCopy(pair);
  await pair.target.collection<{ _id: number }>('t').deleteOne({ _id: 5_000 });
  await engine.promoteGeneration('it');
  await pair.expectSame('t');
});

test('what another document blocks in a copy that waits for a word has a letter: the word does not try it, the next run does', async () => {
  await using pair = await openMongoPair();
  await pair.target.collection('t').createIndex({ v: 1 }, { unique: true });
  await put(pair.source, 't', [...numbered(9, 'new'), { _id: 9, v: 'old 5000' }]);
  await put(pair.target, 't', numbered(6_000, 'old'));
  const engine = await pair.engine({ collections: { t: { scope: 'all' } } });
  const before = await exportDocuments(pair.target, 't');
  expect(await engine.run('it')).toMatchObject({ result: 'pending', deadLetters: 1, guards: [{}] });
  expect(await exportDocuments(pair.target, 't')).toEqual(before);
  expect((await engine.letters('it')).letters).toMatchObject([{ code: 'unique-conflict' }]);
  expect(await engine.promoteGeneration('it')).toMatchObject({
    generation: { state: 'promoted' },
    letters: 0,
  });
  expect(await pair.target.collection<{ _id: number }>('t').findOne({ _id: 9 })).toMatchObject({
    v: 'old 9',
  });
  expect(await engine.run('it')).toMatchObject({ result: 'equal', deadLetters: 0 });
  await pair.expectSame('t');
});

test('documents of others are never copied: what is too much for one transaction is refused, and they stay', async () => {
  await using pair = await openMongoPair();
  const mine = (v: string) => numbered(6_000, v).map((each) => ({ ...each, ours: true }));
  await put(pair.source, 't', mine('new'));
  await put(pair.target, 't', [...mine('old'), { _id: 10_000, v: 'theirs' }]);
  for (const [db, v] of [
    [pair.source, 'new'],
    [pair.target, 'old'],
  ] as const)
    await put(db, 'other', numbered(2_000, v));
  const before = await exportDocuments(pair.target, 't');
  const collections = { other: { scope: 'all' }, t: { scope: { where: '{"ours":true}' } } } as const;
  const engine = await pair.engine({ collections });
  expect(await engine.run('it')).toMatchObject({
    result: 'failed',
    failures: [{ collection: 't', code: 'generation-too-large' }],
  });
  expect(await exportDocuments(pair.target, 't')).toEqual(before);
  await pair.expectSame('other');
  // What fits does so whatever else differs.
  await put(pair.target, 'other', numbered(4_000, 'old'));
  await put(pair.source, 'other', numbered(4_000, 'newer'));
  const few = { _id: { $lt: 3_000 } as object };
  await pair.target
    .collection('t')
    .updateMany({ _id: { $gte: 3_000 } as object, ours: true }, [
      { $set: { v: { $concat: ['new ', { $toString: '$_id' }] } } },
    ]);
  expect(await pair.target.collection('t').countDocuments({ v: /^old/, ...few })).toBe(3_000);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await exportDocuments(pair.target, 't', { ours: true })).toEqual(
    await exportDocuments(pair.source, 't'),
  );
  expect(await pair.target.collection('t').countDocuments({ v: 'theirs' })).toBe(1);
  const direct = await pair.engine({ collections, refresh: { by: 'direct' } });
  await put(pair.source, 't', mine('newest'));
  expect(await direct.run('it')).toMatchObject({ result: 'equal' });
});

test.each(['staged', 'swap'] as const)(
  'differences that came in before a collection took the target’s place (%s) can be taken back once that was',
  async (by) => {
    await using pair = await openMongoPair();
    const collections = { t: { scope: 'all' } } as const;
    const bring = async (count: number, v: string, how: 'staged' | 'swap' = 'staged') => {
      await put(pair.source, 't', numbered(count, v));
      const engine = await pair.engine({ collections, refresh: { by: how, keep: 5 } });
      expect(await engine.run('it')).toMatchObject({ result: 'equal' });
      return engine;
    };
    await put(pair.target, 't', numbered(20, 'zero'));
    const states = [await exportDocuments(pair.target, 't')];
    for (const [count, v] of [
      [20, 'one'],
      [30, 'two'],
    ] as const) {
      await bring(count, v);
      states.push(await exportDocuments(pair.target, 't'));
    }
    const engine = await bring(6_000, 'three', by);
    for (const [generation, state] of states.entries().toArray().toReversed()) {
      await engine.rollBackGeneration('it', { generation: generation + 1 });
      expect(await exportDocuments(pair.target, 't')).toEqual(state);
    }
    expect(await keptIn(pair.target)).toEqual([]);
  },
);
