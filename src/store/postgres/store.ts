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
import { nowMs } from './clock.sql.ts';
import { createConnectionStore } from './connections.ts';
import type { PostgresDatabase } from './database.ts';
import { createDeadLetterStore } from './dead-letters.ts';
import { createFencedWrite, type FencedWrite } from './fence.ts';
import { createSweep } from './guard-sweep.ts';
import { createGuardStore } from './guards.ts';
import { createLeaseStore } from './leases.ts';
import { createRequestStore } from './requests.ts';
import { integer, text } from './row.ts';
import { createRunStore } from './runs.ts';

/** The control store over one database; puts the parts together and owns the connections. */
export class PostgresStore implements ControlStore {
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
  readonly #database: PostgresDatabase;

  private constructor(database: PostgresDatabase, storeId: string) {
    const write = createFencedWrite(database);
    this.#database = database;
    this.storeId = storeId;
    this.leases = createLeaseStore(database);
    this.checkpoints = createCheckpointStore(database, write);
    this.deadLetters = createDeadLetterStore(database, write);
    this.guards = createGuardStore(database, write);
    this.runs = createRunStore(database, write);
    this.requests = createRequestStore(database, write);
    this.connections = createConnectionStore(database);
    this.removePipeline = createRemovePipeline(database, write);
  }

  /** Takes the database over; it must be migrated. */
  static async open(database: PostgresDatabase): Promise<PostgresStore> {
    const sql = `SELECT store_id FROM ${database.tables.store}`;
    const { rows } = await database.read((session) => session.query(sql));
    return new PostgresStore(database, text(rows[0], 'store_id'));
  }

  nowMs(): Promise<number> {
    return this.#database.read(async (session) =>
      integer((await session.query(`SELECT ${nowMs} AS now`)).rows[0], 'now'),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]();
  }
}

/** Leases stay: a name that is used again gets a higher fence, so nothing that is left of its past can write. */
function createRemovePipeline(
  database: PostgresDatabase,
  write: FencedWrite,
): ControlStore['removePipeline'] {
  const { checkpoints, deadLetters, newestLetters, guards, requests, pauses, runs } = database.tables;
  const forgotten = [checkpoints, deadLetters, newestLetters, requests, pauses, runs];
  const statements = [
    ...forgotten.map((table) => `DELETE FROM ${table} WHERE pipeline = $1`),
    `UPDATE ${guards} SET state = 'dropped' WHERE pipeline = $1`,
  ];
  const sweep = createSweep(database);
  return async (by) => {
    await write(by, async (session) => {
      for (const statement of statements) await session.query(statement, [by.pipeline]);
    });
    await sweep(by.pipeline);
  };
}
