import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import { nowMs } from './clock.ts';
import type { CommitPlan } from './plan.ts';

/** A thread: answers with when each COMMIT was sent and acknowledged, by writer and row. */
const plan: CommitPlan = workerData;

const startedAt = nowMs() + 200;
const sent = Array.from({ length: plan.writers }, () => new Float64Array(plan.perWriter));
const acknowledged = sent.map(() => new Float64Array(plan.perWriter));
await Promise.all(sent.keys().map(write));
parentPort?.postMessage({ sent, acknowledged, seconds: (nowMs() - startedAt) / 1000 });

async function write(writer: number): Promise<void> {
  const client = new pg.Client({ connectionString: plan.url });
  await client.connect();
  const firstAt = startedAt + (plan.intervalMs * writer) / plan.writers;
  for (let n = 0; n < plan.perWriter; n += 1) {
    // Who is late does not wait: the pace holds on average.
    const early = firstAt + n * plan.intervalMs - nowMs();
    if (early > 0) await delay(early);
    await client.query(`BEGIN; INSERT INTO bench_commits VALUES (${writer}, ${n}, 'row ${n} of ${writer}')`);
    note(sent, { writer, n });
    await client.query('COMMIT');
    note(acknowledged, { writer, n });
  }
  await client.end();
}

function note(
  times: readonly Float64Array[],
  { writer, n }: { readonly writer: number; readonly n: number },
): void {
  const ofWriter = times[writer];
  if (ofWriter !== undefined) ofWriter[n] = nowMs();
}
