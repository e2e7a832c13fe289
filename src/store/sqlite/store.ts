import type { ControlStore } from '../../protocol/control-store.ts';
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

/** The control store over one open file, which must be migrated; puts the parts together and owns the connection. */
export async function createSqliteStore(database: SqliteDatabase, clock: Clock): Promise<ControlStore> {
  const write = createFencedWrite(database);
  const store = await database.read(() => database.prepare('SELECT store_id FROM store').get());
  return {
    storeId: text(store, 'store_id'),
    isShared: false,
    leases: createLeaseStore(database, clock),
    checkpoints: createCheckpointStore(database, write),
    deadLetters: createDeadLetterStore(database, write),
    guards: createGuardStore(database, write),
    runs: createRunStore(database, write),
    requests: createRequestStore(database, write),
    connections: createConnectionStore(database),
    removePipeline: createRemovePipeline(database, write),
    nowMs: async () => clock.now(),
    [Symbol.asyncDispose]: async () => database[Symbol.dispose](),
  };
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
