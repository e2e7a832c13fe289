import { describe, test, vi } from 'vitest';
import { failpoints } from '../../src/protocol/failpoints.ts';
import { type Life, liveThrough } from './life.ts';
import { reachedIn } from './lives.ts';
import { expectNoTrace, heal, judgeDocuments, type MongoWorld, openMongoWorld } from './world/mongo-world.ts';

/** Between MongoDB databases. */
const life: Life<MongoWorld> = {
  begin: { verb: 'run', after: (world) => judgeDocuments(world, { heldBack: true }) },
  middle: [
    { before: heal, verb: 'approve' },
    { verb: 'run', after: (world) => judgeDocuments(world, { heldBack: false }) },
  ],
  end: { verb: 'remove', after: expectNoTrace },
};

vi.setConfig({ maxConcurrency: 3, testTimeout: 120_000 });

describe.concurrent('an engine between MongoDB databases, killed at a failpoint, goes on as if nothing had been', () => {
  const points = failpoints.filter((point) => reachedIn[point].lives.includes('documents'));
  test.each(points)('%s', async (point) => {
    await using world = await openMongoWorld();
    await liveThrough(world, life, point);
  });
});

describe.concurrent('an engine that writes fields, beside documents of others, does so too', () => {
  const points = failpoints.filter(
    (point) =>
      reachedIn[point].lives.includes('fields') ||
      (point.startsWith('destination.') && reachedIn[point].lives.includes('documents')),
  );
  test.each(points)('%s', async (point) => {
    await using world = await openMongoWorld({ fields: true });
    await liveThrough(world, life, point);
  });
});
