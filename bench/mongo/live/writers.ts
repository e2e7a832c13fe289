import { workerData } from 'node:worker_threads';
import { MongoClient } from 'mongodb';
import type { CommitPlan } from '../../live/latency/plan.ts';
import { writeAtPace } from '../../live/latency/write.ts';

/** A thread: inserts, each followed by an update of the document. */
const plan: CommitPlan = workerData;

interface Commit {
  readonly _id: string;
  readonly writer: number;
  readonly n: number;
  readonly note: string;
}

await writeAtPace(plan, async (writer) => {
  const client = await MongoClient.connect(plan.url);
  const commits = client.db().collection<Commit>('bench_commits');
  return {
    begin: async () => {},
    commit: async (n) => {
      const _id = `${writer} ${n - (n % 2)}`;
      if (n % 2 === 0) await commits.insertOne({ _id, writer, n, note: `document ${n} of ${writer}` });
      else await commits.updateOne({ _id }, { $set: { n } });
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
});
