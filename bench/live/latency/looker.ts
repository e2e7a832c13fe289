import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import { nowMs } from './clock.ts';
import type { CommitPlan } from './plan.ts';

/** A thread: looks at the target as often as it leaves the processor to others, and answers with when each row was first seen. */
const plan: CommitPlan = workerData;

/** Between two looks. Nothing else happens in this thread, so it may sleep for less than a timer can. */
const pauseMs = 0.2;
const bed = new Int32Array(new SharedArrayBuffer(4));

/** The newest row of each writer: a writer's rows are committed in order. */
const newest = {
  name: 'newest',
  text: `SELECT coalesce((SELECT n FROM bench_commits c WHERE c.writer = w ORDER BY n DESC LIMIT 1), -1) AS n
         FROM generate_series(0, ${plan.writers - 1}) w`,
};

const client = new pg.Client({ connectionString: plan.url });
await client.connect();
// The table is empty at first: what is planned then must do for all of it.
await client.query('SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off');
const seen = Array.from({ length: plan.writers }, () => new Float64Array(plan.perWriter));
const next = seen.map(() => 0);
let looks = 0;
await client.query(newest);
parentPort?.postMessage('ready');
const startedAt = nowMs();
while (next.some((n) => n < plan.perWriter)) {
  const { rows } = await client.query<{ n: number }>(newest);
  note(rows, nowMs());
  looks += 1;
  Atomics.wait(bed, 0, 0, pauseMs);
}
await client.end();
parentPort?.postMessage({ seen, betweenLooksMs: (nowMs() - startedAt) / looks });

function note(rows: readonly { readonly n: number }[], at: number): void {
  for (const [writer, times] of seen.entries()) {
    const newestSeen = rows[writer]?.n ?? -1;
    for (let n = next[writer] ?? 0; n <= newestSeen; n += 1) {
      times[n] = at;
      next[writer] = n + 1;
    }
  }
}
