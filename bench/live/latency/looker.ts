import { workerData } from 'node:worker_threads';
import pg from 'pg';
import { lookUntilSeen } from './look.ts';
import type { CommitPlan } from './plan.ts';

/** A thread: looks at the target, and answers with when each row was first seen. */
const plan: CommitPlan = workerData;

const newest = {
  name: 'newest',
  text: `SELECT coalesce((SELECT n FROM bench_commits c WHERE c.writer = w ORDER BY n DESC LIMIT 1), -1) AS n
         FROM generate_series(0, ${plan.writers - 1}) w`,
};

const client = new pg.Client({ connectionString: plan.url });
await client.connect();
// The table is empty at first: what is planned then must do for all of it.
await client.query('SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off');
await lookUntilSeen(plan, async () => {
  const { rows } = await client.query<{ n: number }>(newest);
  return rows.map(({ n }) => n);
});
await client.end();
