import { expect } from 'vitest';
import { ask } from './ask.ts';
import { inStep, steppedBack } from './live-world.ts';
import { recordTakeover } from './record-takeover.ts';
import { until } from './until.ts';
import { performHere } from './verb.ts';
import { expectOneWriterAtATime, fencesThatWrote } from './witness.ts';
import type { World } from './world.ts';

/** From the moment in which an owner falls silent until the next one has written. */
export const longestTakeoverMs = 10_000;

export async function approveAll(world: World): Promise<void> {
  await inStep(world, { heldBack: true });
  await performHere(world.places, 'approve');
  await inStep(world, { heldBack: false });
}

export async function expectAllRight(world: World): Promise<void> {
  await inStep(world, { heldBack: false });
  expect(await steppedBack(world), 'what came after something newer').toEqual([]);
  await expectOneWriterAtATime(world.places.target);
}

/** What the destination itself has seen. */
export async function newestFence({ places }: World): Promise<number> {
  const rows = await ask<{ fence: number }>(
    places.target,
    'SELECT max(fence)::int AS fence FROM lockstep.state',
  );
  return rows[0]?.fence ?? 0;
}

/** Somebody with a higher fence has written rows. */
export const expectWritten = ({ places }: World, fence: number): Promise<void> =>
  until(
    `a fence above ${fence} has written`,
    async () => Math.max(...(await fencesThatWrote(places.target)), 0) > fence,
    { patienceMs: 2 * longestTakeoverMs },
  );

/** What is promised: others write within ten seconds, whatever becomes of the owner. */
export async function expectTakeover(
  world: World,
  what: string,
  strike: () => Promise<void> | void,
): Promise<void> {
  const fence = await newestFence(world);
  await expectWritten(world, fence - 1);
  const struckAt = performance.now();
  await strike();
  await expectWritten(world, fence);
  const tookMs = performance.now() - struckAt;
  recordTakeover(what, tookMs);
  expect(tookMs).toBeLessThan(longestTakeoverMs);
}
