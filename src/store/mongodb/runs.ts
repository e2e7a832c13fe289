import type { RunStore } from '../../protocol/control-store.ts';
import type { MongodbDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import { nextNumber } from './numbers.ts';
import { toRun } from './records.ts';
import { integer } from './row.ts';

/** A schedule of one a minute would else let the collection grow for ever. */
const runsKept = 1000;

export function createRunStore(database: MongodbDatabase, write: FencedWrite): RunStore {
  const { runs } = database.collections;
  return {
    begin: createBegin(database, write),
    end: async ({ pipeline, ...by }, id, { result, endedAtMs, summary }) => {
      const ended = { result, ended_at_ms: endedAtMs, summary: JSON.stringify(summary) };
      await write({ pipeline, ...by }, (session) =>
        runs.updateOne({ pipeline, id }, { $set: ended }, { session }),
      );
    },
    list: (pipeline, limit) =>
      database.run(async ({ session }) => {
        const newestFirst = { session, sort: { id: -1 }, limit } as const;
        return (await runs.find({ pipeline }, newestFirst).toArray()).map(toRun);
      }),
  };
}

function createBegin(database: MongodbDatabase, write: FencedWrite): RunStore['begin'] {
  const { leases, runs } = database.collections;
  return (by, { kind, startedAtMs, summary = null }) => {
    const { pipeline } = by;
    return write(by, async (session) => {
      // Whoever begins holds the lease, so whoever had begun before is dead.
      const buried = { result: 'interrupted', ended_at_ms: startedAtMs };
      await runs.updateMany({ pipeline, result: 'running' }, { $set: buried }, { session });
      const id = await nextNumber(leases, { pipeline, of: 'runs', count: 1, session });
      const begun = { pipeline, id, kind, started_at_ms: startedAtMs, ended_at_ms: null };
      await runs.insertOne({ ...begun, result: 'running', summary: JSON.stringify(summary) }, { session });
      const beyond = { session, sort: { id: -1 }, skip: runsKept } as const;
      const forgotten = await runs.findOne({ pipeline }, beyond);
      if (forgotten !== null)
        await runs.deleteMany({ pipeline, id: { $lte: integer(forgotten, 'id') } }, { session });
      return id;
    });
  };
}
