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
import type { Clock } from './clock.ts';
import { createConnectionStore } from './connections.ts';
import type { SqliteDatabase } from './database.ts';
import { createDeadLetterStore } from './dead-letters.ts';
import { createFencedWrite, type FencedWrite } from './fence.ts';
import { createGuardStore } from './guards.ts';
import { createLeaseStore } from './leases.ts';
import { createRequestStore } from './requests.ts';
import { text } from './row.ts';
import { createRunStore } from './runs.ts';

/** Leases stay: a name that is used again gets a higher fence, so nothing that is left of its past can write. */
const forgottenTables = [
  'checkpoints',
  'dead_letters',
  'newest_letters',
  'guards',
  'requests',
  'pauses',
  'runs',
] as const;

/** The control store over one open file; puts the parts together and owns the connection. */
export class SqliteStore implements ControlStore {
  readonly storeId: string;
  readonly isShared = false;
  readonly leases: LeaseStore;
  readonly checkpoints: CheckpointStore;
  readonly deadLetters: DeadLetterStore;
  readonly guards: GuardStore;
  readonly runs: RunStore;
  readonly requests: RequestStore;
  readonly connections: ConnectionStore;
  readonly removePipeline: ControlStore['removePipeline'];
  readonly #database: SqliteDatabase;
  readonly #clock: Clock;

  private constructor(database: SqliteDatabase, clock: Clock, storeId: string) {
    const write = createFencedWrite(database);
    this.#database = database;
    this.#clock = clock;
    this.storeId = storeId;
    this.leases = createLeaseStore(database, clock);
    this.checkpoints = createCheckpointStore(database, write);
    this.deadLetters = createDeadLetterStore(database, write);
    this.guards = createGuardStore(database, write);
    this.runs = createRunStore(database, write);
    this.requests = createRequestStore(database, write);
    this.connections = createConnectionStore(database);
    this.removePipeline = createRemovePipeline(database, write);
  }

  /** Takes the database over; it must be migrated. */
  static async open(database: SqliteDatabase, clock: Clock): Promise<SqliteStore> {
    return database.read(() => {
      const row = database.prepare('SELECT store_id FROM store').get();
      return new SqliteStore(database, clock, text(row ?? {}, 'store_id'));
    });
  }

  async nowMs(): Promise<number> {
    return this.#clock.now();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database[Symbol.dispose]();
  }
}

function createRemovePipeline(database: SqliteDatabase, write: FencedWrite): ControlStore['removePipeline'] {
  const statements = forgottenTables.map((table) =>
    database.prepare(`DELETE FROM ${table} WHERE pipeline = ?`),
  );
  return (by) =>
    write(by, () => {
      for (const statement of statements) statement.run(by.pipeline);
    });
}
