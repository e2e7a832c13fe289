import type {
  CheckpointStore,
  ConnectionStore,
  ControlStore,
  DeadLetterStore,
  GuardStore,
  LeaseStore,
  RequestStore,
  RunStore,
} from '../../protocol/control-store.ts';
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

/** The control store over one database; puts the parts together and owns the connections. */
export class MongodbStore implements ControlStore {
  readonly storeId: string;
  readonly isShared = true;
  readonly leases: LeaseStore;
  readonly checkpoints: CheckpointStore;
  readonly deadLetters: DeadLetterStore;
  readonly guards: GuardStore;
  readonly runs: RunStore;
  readonly requests: RequestStore;
  readonly connections: ConnectionStore;
  readonly removePipeline: ControlStore['removePipeline'];
  readonly #database: MongodbDatabase;
  readonly #writers: Writers;

  /** Takes the database over; it must be migrated. */
  constructor(database: MongodbDatabase, storeId: string) {
    const writers = new Writers(database);
    const parts = { database, writers, mustBeThere: createMustBeThere(database, storeId) };
    const write = createFencedWrite(parts);
    this.#database = database;
    this.#writers = writers;
    this.storeId = storeId;
    this.leases = createLeaseStore(parts);
    this.checkpoints = createCheckpointStore(database, write);
    this.deadLetters = createDeadLetterStore(database, write);
    this.guards = createGuardStore(parts, write);
    this.runs = createRunStore(database, write);
    this.requests = createRequestStore(parts, write);
    this.connections = createConnectionStore(parts);
    this.removePipeline = createRemovePipeline(database, write);
  }

  async nowMs(): Promise<number> {
    const { store } = this.#database.collections;
    const clock = [{ $match: { _id: 'store' } }, { $project: { now: nowMs } }];
    const rows = await this.#database.run(({ session }) => store.aggregate(clock, { session }).toArray());
    return integer(rows[0], 'now');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writers[Symbol.asyncDispose]();
    await this.#database[Symbol.asyncDispose]();
  }
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
