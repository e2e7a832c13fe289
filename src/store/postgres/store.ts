import type { ControlStore } from '../../protocol/control-store.ts';
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

/** The control store over one database, which must be migrated; puts the parts together and owns the connections. */
export async function createPostgresStore(database: PostgresDatabase): Promise<ControlStore> {
  const write = createFencedWrite(database);
  const read = (sql: string) => database.read(async (session) => (await session.query(sql)).rows[0]);
  return {
    storeId: text(await read(`SELECT store_id FROM ${database.tables.store}`), 'store_id'),
    isShared: true,
    leases: createLeaseStore(database),
    checkpoints: createCheckpointStore(database, write),
    deadLetters: createDeadLetterStore(database, write),
    guards: createGuardStore(database, write),
    runs: createRunStore(database, write),
    requests: createRequestStore(database, write),
    connections: createConnectionStore(database),
    removePipeline: createRemovePipeline(database, write),
    nowMs: async () => integer(await read(`SELECT ${nowMs} AS now`), 'now'),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
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
