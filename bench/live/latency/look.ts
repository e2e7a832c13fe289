import { parentPort } from 'node:worker_threads';
import { nowMs } from './clock.ts';
import type { CommitPlan } from './plan.ts';

/** Between two looks. Nothing else happens in this thread, so it may sleep for less than a timer can. */
const pauseMs = 0.2;
const bed = new Int32Array(new SharedArrayBuffer(4));

/**
 * Looks as often as it leaves the processor to others, and answers with when each commit was first seen. `newest`: the newest number of each
 * writer, whose commits are in order; -1: none.
 */
export async function lookUntilSeen(
  plan: CommitPlan,
  newest: () => Promise<readonly number[]>,
): Promise<void> {
  const seen = Array.from({ length: plan.writers }, () => new Float64Array(plan.perWriter));
  const next = seen.map(() => 0);
  const note = (numbers: readonly number[], at: number): void => {
    for (const [writer, times] of seen.entries()) {
      const newestSeen = numbers[writer] ?? -1;
      for (let n = next[writer] ?? 0; n <= newestSeen; n += 1) {
        times[n] = at;
        next[writer] = n + 1;
      }
    }
  };
  let looks = 0;
  await newest();
  parentPort?.postMessage('ready');
  const startedAt = nowMs();
  while (next.some((n) => n < plan.perWriter)) {
    note(await newest(), nowMs());
    looks += 1;
    Atomics.wait(bed, 0, 0, pauseMs);
  }
  parentPort?.postMessage({ seen, betweenLooksMs: (nowMs() - startedAt) / looks });
}
