import { expect } from 'vitest';
import { ask } from './ask.ts';

/** Which fences wrote to the target, in the order of their statements, as the target's own triggers saw it. */
export async function fencesThatWrote(target: string): Promise<readonly number[]> {
  const seen = await ask<{ writer: string }>(
    target,
    `SELECT writer FROM (
       SELECT writer, place, lag(writer) OVER (ORDER BY place) AS before FROM witness.log
     ) AS written WHERE writer IS DISTINCT FROM before ORDER BY place`,
  );
  return seen.map(({ writer }) => {
    const fence = /^lockstep shop #(\d+)$/.exec(writer)?.[1];
    expect(fence, `${writer} wrote without a fence`).toBeDefined();
    return Number(fence);
  });
}

/** Nobody wrote once somebody with a higher fence had begun to. */
export async function expectOneWriterAtATime(target: string): Promise<void> {
  const fences = await fencesThatWrote(target);
  expect(fences).toEqual(fences.toSorted((a, b) => a - b));
}
