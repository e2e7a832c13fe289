import { describe, expect, test, vi } from 'vitest';
import { type Failpoint, failpoints } from '../../src/protocol/failpoints.ts';
import { runEngine } from './engine-process.ts';
import { killUntilDone } from './kill-until-done.ts';
import { reachedIn } from './lives.ts';
import { expectNoTrace, heal, judgeDocuments, type MongoWorld, openMongoWorld } from './world/mongo-world.ts';
import { performHere, type Verb } from './world/verb.ts';

/** Points that only a pass reaches which goes on where another was killed. */
const killedBefore: Partial<Record<Failpoint, Failpoint>> = {
  'destination.merge.before-commit': 'destination.append.after-commit',
  'destination.merge.after-commit': 'destination.append.after-commit',
};

interface Step {
  readonly before?: (world: MongoWorld) => Promise<void>;
  readonly verb: Verb;
  readonly after?: (world: MongoWorld) => Promise<void>;
}

const begin: Step = { verb: 'run', after: (world) => judgeDocuments(world, { heldBack: true }) };
const end: Step = { verb: 'remove', after: expectNoTrace };

/** All that a pipeline of mode `full` between MongoDB databases does in its life; who was killed at the beginning skips the middle. */
const life: readonly Step[] = [
  begin,
  { before: heal, verb: 'approve' },
  { verb: 'run', after: (world) => judgeDocuments(world, { heldBack: false }) },
  end,
];

vi.setConfig({ maxConcurrency: 3, testTimeout: 120_000 });

describe.concurrent('an engine between MongoDB databases, killed at a failpoint, goes on as if nothing had been', () => {
  const points = failpoints.filter((point) => reachedIn[point].lives.includes('documents'));
  test.each(points)('%s', async (point) => {
    await using world = await openMongoWorld();
    await liveThrough(world, point);
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
    await liveThrough(world, point);
  });
});

async function liveThrough(world: MongoWorld, point: Failpoint): Promise<void> {
  const before = killedBefore[point];
  if (before !== undefined) await runEngine(world.places, 'run', before);
  let kills = 0;
  for (const step of life) {
    if (kills > 0 && step !== end) continue;
    await step.before?.(world);
    if (kills === 0) kills = await killUntilDone(world, step.verb, point);
    else await performHere(world.places, step.verb);
    await step.after?.(world);
  }
  expect(kills, `${point} is registered, and nothing reaches it`).toBeGreaterThan(0);
}
