import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isFull } from './extent.ts';
import { KeptEngine } from './kept-engine.ts';
import { seededRandom } from './seeded-random.ts';
import { inStep, openLiveTemplates, openLiveWorld, steppedBack, watchFromNowOn } from './world/live-world.ts';
import { startLoad } from './world/load.ts';
import { until } from './world/until.ts';
import { performHere } from './world/verb.ts';
import { expectOneWriterAtATime } from './world/witness.ts';

const seed = Number(process.env['LOCKSTEP_CHAOS_SEED'] ?? '1');
const killsWanted = Number(process.env['LOCKSTEP_CHAOS_KILLS'] ?? (isFull(process.env) ? 200 : 6));
/** Kills of a process that makes its first copy, before it was ever ready. */
const killsInFirstCopy = 2;
/** Then the load pauses, and both sides must be equal. */
const killsBetweenLooks = 20;
/** A process takes about half a second to begin; the rest is streaming. */
const longestLifeMs = 3_000;

test.each(['logical', 'triggers'] as const)(
  `killed at random moments under load, with %s, nothing is lost or undone (seed ${seed}) (rule 4)`,
  { timeout: 3_600_000 },
  async (capture) => {
    const random = seededRandom(seed);
    await using templates = await openLiveTemplates(capture === 'logical' ? 18 : 17);
    await using world = await openLiveWorld(templates, capture);
    await using engine = new KeptEngine(world.places);
    const killSoon = async (failed: Promise<never>): Promise<void> => {
      await Promise.race([delay(random() * longestLifeMs), failed, engine.alive]);
      await engine.current.kill();
      // Walks that race the stream, of which much has not come yet: what they read is newer than what it tells.
      await performHere(world.places, 'ask-resync');
    };
    for (let round = 0; engine.kills < killsWanted; round += 1) {
      await using load = startLoad(world, `s${seed} r${round}`);
      const before = engine.kills;
      if (round === 0) {
        for (let kill = 0; kill < killsInFirstCopy; kill += 1) await killSoon(load.failed);
        const isLive = () => engine.current.said.includes('"status":"live"');
        await until('it is ready for the first time', isLive, { alive: engine.alive, patienceMs: 240_000 });
        await watchFromNowOn(world);
      }
      load.truncateFromNowOn();
      while (engine.kills < Math.min(killsWanted, before + killsBetweenLooks)) await killSoon(load.failed);
      await load.stop();
      await performHere(world.places, 'approve');
      await inStep(world, { heldBack: false }, { alive: engine.alive, patience: 240_000 }).catch(
        (error: unknown) => {
          throw new Error(`${error}\n${engine.current.said.slice(-2_000)}`, { cause: error });
        },
      );
    }
    process.stdout.write(`killed ${engine.kills} times at random moments, with ${capture} (seed ${seed})\n`);
    expect(await steppedBack(world), 'what came after something newer').toEqual([]);
    expect(engine.gaps, 'history that was acknowledged too early').toEqual([]);
    await expectOneWriterAtATime(world.places.target);
    await engine.stop();
  },
);
