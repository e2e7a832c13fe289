import { setTimeout as delay } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { nowMs } from './clock.ts';
import type { CommitPlan } from './plan.ts';

/** One writer's connection. */
export interface CommitWriter extends AsyncDisposable {
  /** What comes before the commit and is not measured. */
  begin(n: number): Promise<void>;
  /** Returns once the source has confirmed it. */
  commit(n: number): Promise<void>;
}

/** Commits at the plan's pace, and answers with when each was sent and acknowledged, by writer and number. */
export async function writeAtPace(
  plan: CommitPlan,
  open: (writer: number) => Promise<CommitWriter>,
): Promise<void> {
  const startedAt = nowMs() + 200;
  const sent = Array.from({ length: plan.writers }, () => new Float64Array(plan.perWriter));
  const acknowledged = sent.map(() => new Float64Array(plan.perWriter));
  const write = async (writer: number): Promise<void> => {
    await using connection = await open(writer);
    const firstAt = startedAt + (plan.intervalMs * writer) / plan.writers;
    for (let n = 0; n < plan.perWriter; n += 1) {
      // Who is late does not wait: the pace holds on average.
      const early = firstAt + n * plan.intervalMs - nowMs();
      if (early > 0) await delay(early);
      await connection.begin(n);
      note(sent, { writer, n });
      await connection.commit(n);
      note(acknowledged, { writer, n });
    }
  };
  await Promise.all(sent.keys().map(write));
  parentPort?.postMessage({ sent, acknowledged, seconds: (nowMs() - startedAt) / 1000 });
}

function note(
  times: readonly Float64Array[],
  { writer, n }: { readonly writer: number; readonly n: number },
): void {
  const ofWriter = times[writer];
  if (ofWriter !== undefined) ofWriter[n] = nowMs();
}
