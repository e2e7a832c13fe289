import type { ControlStore } from '../../protocol/control-store.ts';
import { createCheckpointStore } from './checkpoints.ts';
import { createConnectionStore } from './connections.ts';
import type { MongodbDatabase } from './database.ts';
import { createDeadLetterStore } from './dead-letters.ts';
import { createFencedWrite, type FencedWrite } from './fence.ts';
import { dropped } from './guard-states.ts';
import { createSweep } from './guard-sweep.ts';
import { createGuardStore } from './guards.ts';
import { nowMs } from './lease-take.pipeline.ts';
import { createLeaseStore } from './leases.ts';
import { createMustBeThere } from './must-be-there.ts';
import { createRequestStore } from './requests.ts';
import { integer } from './row.ts';
import { createRunStore } from './runs.ts';
import { Writers } from './writers.ts';

/** The control store over one database, which must be migrated; puts the parts together and owns the connections. */
export function createMongodbStore(database: MongodbDatabase, storeId: string): ControlStore {
  const writers = new Writers(database);
  const parts = { database, writers, mustBeThere: createMustBeThere(database, storeId) };
  const write = createFencedWrite(parts);
  return {
    storeId,
    isShared: true,
    leases: createLeaseStore(parts),
    checkpoints: createCheckpointStore(database, write),
    deadLetters: createDeadLetterStore(database, write),
    guards: createGuardStore(parts, write),
    runs: createRunStore(database, write),
    requests: createRequestStore(parts, write),
    connections: createConnectionStore(parts),
    removePipeline: createRemovePipeline(database, write),
    nowMs: () => readClock(database),
    [Symbol.asyncDispose]: async () => {
      await writers[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function readClock(database: MongodbDatabase): Promise<number> {
  const clock = [{ $match: { _id: 'store' } }, { $project: { now: nowMs } }];
  const rows = await database.run(({ session }) =>
    database.collections.store.aggregate(clock, { session }).toArray(),
  );
  return integer(rows[0], 'now');
}

/** Leases stay: a name that is used again gets a higher fence, so nothing that is left of its past can write. */
function createRemovePipeline(database: MongodbDatabase, write: FencedWrite): ControlStore['removePipeline'] {
  const { leases, checkpoints, deadLetters, guards, requests, pauses, runs } = database.collections;
  const sweep = createSweep(database);
  return async (by) => {
    const { pipeline } = by;
    await write(by, async (session) => {
      for (const each of [checkpoints, deadLetters, requests, runs])
        await each.deleteMany({ pipeline }, { session });
      await pauses.deleteOne({ _id: pipeline }, { session });
      await guards.updateMany({ pipeline }, dropped, { session });
      await leases.updateOne({ _id: pipeline }, { $unset: { newest_letter: true } }, { session });
    });
    await sweep(pipeline);
  };
}
