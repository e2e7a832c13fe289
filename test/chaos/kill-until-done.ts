import { expect } from 'vitest';
import type { Failpoint } from '../../src/protocol/failpoints.ts';
import { runEngine } from './engine-process.ts';
import { performHere, type Verb } from './world/verb.ts';
import type { World } from './world/world.ts';

/** Each restart arms the point for its next occurrence: the first, then the second. */
const killsInARow = 2;

/** How often the point was reached; the verb is done when this returns. */
export async function killUntilDone(
  { places }: Pick<World, 'places'>,
  verb: Verb,
  point: Failpoint,
): Promise<number> {
  for (let kills = 0; kills < killsInARow; kills += 1) {
    const end = await runEngine(places, verb, `${point}:${kills + 1}`);
    if (end.killed) continue;
    expect(end.error, end.message).toBeNull();
    return kills;
  }
  await performHere(places, verb);
  return killsInARow;
}
