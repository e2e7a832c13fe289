import { expect, test, vi } from 'vitest';
import { exportDocuments } from '../../support/mongo-export.ts';
import { startLive } from '../live-pair.ts';
import { type MongoPair, openMongoPair } from '../pair.ts';
import { keptIn, numbered, put } from './swapping.ts';
import { watchStates } from './watch-states.ts';

vi.setConfig({ testTimeout: 60_000 });

const settings = { collections: { t: { scope: 'all' } }, guard: { maxLeavingShare: 0.5 } } as const;

/** Documents of an earlier life, which readers use. */
async function openUsed(): Promise<MongoPair> {
  const pair = await openMongoPair();
  await put(pair.source, 't', numbered(400, 'new'));
  await put(pair.target, 't', numbered(410, 'old'));
  return pair;
}

const positions = ({ target }: MongoPair): Promise<number> =>
  target.collection('lockstep_state').countDocuments({ '_id.kind': 'shard' });

test('the first copy of a live pipeline over documents that are used comes in at once, then changes follow (rule 7)', async () => {
  await using pair = await openUsed();
  await using watching = watchStates(pair.target, ['t']);
  await using live = await startLive(pair, settings);
  await live.caughtUp();
  expect(await watching.seen('t')).toEqual(['400 new', '410 old']);
  expect((await live.engine.generations('it')).generations).toMatchObject([{ state: 'promoted' }]);
  await pair.source.collection<{ _id: number }>('t').updateOne({ _id: 1 }, { $set: { v: 'newest 1' } });
  expect(await live.same('t')).toBe(400);
  // What is older than the stream can't come back any more.
  expect(await keptIn(pair.target)).toEqual([]);
});

test('taken back before its stream wrote: documents and position go back, and the copy is made again when somebody says so', async () => {
  await using pair = await openUsed();
  const before = await exportDocuments(pair.target, 't');
  {
    await using live = await startLive(pair, settings);
    await live.caughtUp();
    await live.stop();
    expect(await live.engine.rollBackGeneration('it')).toMatchObject({ paused: true });
  }
  expect(await exportDocuments(pair.target, 't')).toEqual(before);
  expect(await positions(pair)).toBe(0);
  const engine = await pair.engine({ ...settings, mode: 'live' });
  await engine.resume('it', { yes: true });
  await engine[Symbol.asyncDispose]();
  await using again = await startLive(pair, settings);
  await again.caughtUp();
  expect(await again.same('t')).toBe(400);
});
