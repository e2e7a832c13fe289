import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { type Failpoint, failpoints } from '../../src/protocol/failpoints.ts';
import { isFull } from './extent.ts';
import { KeptEngine } from './kept-engine.ts';
import { reachedIn } from './lives.ts';
import { seededRandom } from './seeded-random.ts';
import { changeDocuments, replaceTags } from './world/document-changes.ts';
import type { Verdict } from './world/judge.ts';
import { expectNoTrace, heal, judgeDocuments, type MongoWorld, openMongoWorld } from './world/mongo-world.ts';
import { until } from './world/until.ts';
import { performHere } from './world/verb.ts';

vi.setConfig({ maxConcurrency: 3, testTimeout: 180_000 });

const passings = isFull(process.env) ? [1, 2, 5, 11] : [1, 2];
const killsWanted = Number(process.env['LOCKSTEP_CHAOS_KILLS'] ?? (isFull(process.env) ? 200 : 5));
const seed = Number(process.env['LOCKSTEP_CHAOS_SEED'] ?? '1');

describe.concurrent('a live pipeline between MongoDB databases, killed at a failpoint, goes on as if nothing had been (rules 1, 4)', () => {
  const points = failpoints.filter((point) => reachedIn[point].lives.includes('stream'));
  test.each(points)('%s', async (point) => {
    await using world = await openMongoWorld({ streams: true });
    expect(await live(world, point), `${point} is registered, and nothing reaches it`).toBeGreaterThan(0);
  });
});

test.each(['destination.window.before-commit', 'destination.window.after-commit'] as const)(
  'a live pipeline of fields is killed at %s, and nothing is lost or undone',
  async (point) => {
    await using world = await openMongoWorld({ streams: true, fields: true });
    expect(await live(world, point)).toBeGreaterThan(0);
  },
);

/** All that a live pipeline does from its first copy to removal. Returns how often it was killed. */
async function live(world: MongoWorld, point: Failpoint): Promise<number> {
  const wanted = passings.map((passing) => `${point}:${passing}`);
  await using engine = new KeptEngine(world.places, { failpoints: wanted });
  await inStep(world, { heldBack: true }, engine);
  await changeDocuments(world, 1);
  await changeDocuments(world, 2);
  await inStep(world, { heldBack: true }, engine);
  await heal(world);
  await performHere(world.places, 'replay');
  await performHere(world.places, 'approve');
  await inStep(world, { heldBack: false }, engine);
  await replaceTags(world);
  await changeDocuments(world, 3);
  await inStep(world, { heldBack: false }, engine);
  // Both sides are equal before the walk that made them so is over: this one is waited for.
  await performHere(world.places, 'resync');
  await endOf(world, engine);
  return engine.kills;
}

test(`killed at random moments under load, nothing is lost or undone (seed ${seed}) (rule 4)`, async () => {
  const random = seededRandom(seed);
  await using world = await openMongoWorld({ streams: true });
  await using engine = new KeptEngine(world.places);
  const over = new AbortController();
  const load = (async () => {
    for (let round = 1; !over.signal.aborted; round += 1) await changeDocuments(world, round);
  })();
  while (engine.kills < killsWanted) {
    // A moment of no meaning: nothing is expected of it.
    await Promise.race([delay(500 + random() * 2_000), engine.alive, load]);
    await engine.current.kill();
    await performHere(world.places, 'ask-resync');
  }
  over.abort();
  await load;
  await inStep(world, { heldBack: true }, engine);
  await performHere(world.places, 'approve');
  await inStep(world, { heldBack: false }, engine);
  process.stdout.write(`killed ${engine.kills} times at random moments, between documents (seed ${seed})\n`);
  await heal(world);
  await inStep(world, { heldBack: false }, engine);
  await endOf(world, engine);
});

async function endOf(world: MongoWorld, engine: KeptEngine): Promise<void> {
  expect(engine.gaps, 'history that was acknowledged too early').toEqual([]);
  await engine.stop();
  await performHere(world.places, 'remove');
  await expectNoTrace(world);
}

async function inStep(world: MongoWorld, verdict: Verdict, { alive }: KeptEngine): Promise<void> {
  let last: unknown = null;
  const isSo = () =>
    judgeDocuments(world, verdict).then(
      () => true,
      (thrown: unknown) => {
        last = thrown;
        return false;
      },
    );
  await until('both sides are equal', isSo, { alive, patienceMs: 60_000 }).catch((thrown: unknown) => {
    throw new Error(`${thrown}: ${last}`, { cause: last });
  });
}
