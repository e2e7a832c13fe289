import { workerData } from 'node:worker_threads';
import { MongoClient } from 'mongodb';
import { lookUntilSeen } from '../../live/latency/look.ts';
import type { CommitPlan } from '../../live/latency/plan.ts';

/** A thread: looks at the target, and answers with when each operation was first seen. */
const plan: CommitPlan = workerData;

/** One step in the index for each writer. */
const newest = [
  { $sort: { writer: 1, n: -1 } },
  { $group: { _id: '$writer', n: { $first: '$n' } } },
] as const;

await using client = new MongoClient(plan.url);
const commits = client.db().collection('bench_commits');
await lookUntilSeen(plan, async () => {
  const numbers = new Array<number>(plan.writers).fill(-1);
  for (const { _id, n } of await commits.aggregate([...newest]).toArray()) numbers[_id] = n;
  return numbers;
});
