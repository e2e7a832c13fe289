import { workerData } from 'node:worker_threads';
import pg from 'pg';
import type { CommitPlan } from './plan.ts';
import { writeAtPace } from './write.ts';

/** A thread: transactions of one row each. */
const plan: CommitPlan = workerData;

await writeAtPace(plan, async (writer) => {
  const client = new pg.Client({ connectionString: plan.url });
  await client.connect();
  return {
    begin: async (n) => {
      await client.query(
        `BEGIN; INSERT INTO bench_commits VALUES (${writer}, ${n}, 'row ${n} of ${writer}')`,
      );
    },
    commit: async () => {
      await client.query('COMMIT');
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
});
