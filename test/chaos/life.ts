import { expect } from 'vitest';
import type { Failpoint } from '../../src/protocol/failpoints.ts';
import { runEngine } from './engine-process.ts';
import { killUntilDone } from './kill-until-done.ts';
import { performHere, type Verb } from './world/verb.ts';
import type { World } from './world/world.ts';

export interface Step<Place> {
  readonly before?: (world: Place) => Promise<unknown>;
  readonly verb: Verb;
  readonly after?: (world: Place) => Promise<void>;
}

/** What a pipeline of mode `full` does from its first pass to its removal. */
export interface Life<Place> {
  readonly begin: Step<Place>;
  /** Whoever was killed at the beginning skips it. */
  readonly middle: readonly Step<Place>[];
  readonly end: Step<Place>;
}

/** Points that only a pass reaches which goes on where another was killed. */
const killedBefore: Partial<Record<Failpoint, Failpoint>> = {
  'destination.merge.before-commit': 'destination.append.after-commit',
  'destination.merge.after-commit': 'destination.append.after-commit',
};

/** The point lies somewhere on the way: the engine is killed there, and what it did is done again. */
export async function liveThrough<Place extends Pick<World, 'places'>>(
  world: Place,
  { begin, middle, end }: Life<Place>,
  point: Failpoint,
): Promise<void> {
  const before = killedBefore[point];
  if (before !== undefined) await runEngine(world.places, 'run', before);
  let kills = 0;
  for (const step of [begin, ...middle, end]) {
    if (kills > 0 && step !== end) continue;
    await step.before?.(world);
    if (kills === 0) kills = await killUntilDone(world, step.verb, point);
    else await performHere(world.places, step.verb);
    await step.after?.(world);
  }
  expect(kills, `${point} is registered, and nothing reaches it`).toBeGreaterThan(0);
}
