import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { EngineProcess } from './engine-process.ts';
import { extentOfChaos } from './extent.ts';
import { seededRandom } from './seeded-random.ts';
import { changeSource } from './world/change-source.ts';
import { judge } from './world/judge.ts';
import { performHere } from './world/verb.ts';
import { expectOneWriterAtATime } from './world/witness.ts';
import { openTemplates, openWorld, type World } from './world/world.ts';

const seed = Number(process.env['LOCKSTEP_CHAOS_SEED'] ?? '1');
const { kills, seconds } = extentOfChaos(process.env);
/** Then it is left in peace, judged, and another life begins with an empty control store. */
const killsInALife = 10;

interface Chaos {
  readonly random: () => number;
  /** How late a kill can come: the longest undisturbed run so far. */
  wholeMs: number;
  readonly enough: (killed: number) => boolean;
}

test(`killed at random moments while the source goes on, it loses nothing (seed ${seed})`, {
  timeout: 3_600_000,
}, async () => {
  const giveUpAt = performance.now() + seconds * 1000;
  const enough = (killed: number): boolean => killed >= kills || performance.now() > giveUpAt;
  const chaos: Chaos = { random: seededRandom(seed), wholeMs: 2_000, enough };
  await using old = await openTemplates(17);
  await using young = await openTemplates(18);
  let killed = 0;
  for (let life = 1; !enough(killed); life += 1) {
    await using world = await openWorld(life % 2 === 0 ? young : old);
    killed += await live(world, `s${seed} l${life}`, { ...chaos, enough: (more) => enough(killed + more) });
  }
  process.stdout.write(`killed ${killed} times at random moments (seed ${seed})\n`);
  expect(killed).toBeGreaterThan(0);
});

/** Runs, dies, runs again over a source that has changed; at the end all is right. Returns how often it died. */
async function live(world: World, salt: string, chaos: Chaos): Promise<number> {
  let killed = 0;
  for (let round = 1; killed < killsInALife && !chaos.enough(killed); round += 1) {
    if (await killAtRandom(world, chaos)) killed += 1;
    await changeSource(world.places.source, `${salt} r${round}`);
  }
  await finishAndJudge(world);
  return killed;
}

/** False: it was done before its time came. */
async function killAtRandom({ places }: World, chaos: Chaos): Promise<boolean> {
  await using engine = new EngineProcess(places, 'run');
  await engine.go();
  const startedAt = performance.now();
  await Promise.race([delay(chaos.random() * chaos.wholeMs), engine.isOver]);
  await engine.kill();
  const end = await engine.end();
  if (end.killed) return true;
  expect(end.error, end.message).toBeNull();
  chaos.wholeMs = Math.max(chaos.wholeMs, performance.now() - startedAt);
  return false;
}

async function finishAndJudge({ places }: World): Promise<void> {
  for (const verb of ['run', 'approve', 'run'] as const) await performHere(places, verb);
  await judge(places, { heldBack: false });
  await expectOneWriterAtATime(places.target);
}
