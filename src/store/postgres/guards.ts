import type { GuardStore } from '../../protocol/control-store.ts';
import type { PostgresDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import { createExtend } from './guard-extend.ts';
import { findHeldKeys, readGuardKeys } from './guard-keys.ts';
import { createRaise } from './guard-raise.ts';
import { createSweep } from './guard-sweep.ts';
import type { Tables } from './names.ts';
import { toGuard } from './records.ts';

const approveSql = ({ guards }: Tables) => `
  UPDATE ${guards} SET state = 'approved', approved_at_ms = $3
  WHERE pipeline = $1 AND collection = $2 AND state = 'waiting'`;
const listSql = ({ guards }: Tables) => `
  SELECT * FROM ${guards} WHERE pipeline = $1 AND state IN ('waiting', 'approved') ORDER BY collection`;
const clearSql = ({ guards }: Tables) =>
  `UPDATE ${guards} SET state = 'dropped' WHERE pipeline = $1 AND collection = $2 AND state <> 'dropped'`;
const clearOneSql = ({ guards }: Tables) => `
  UPDATE ${guards} SET state = 'dropped'
  WHERE pipeline = $1 AND collection = $2 AND state = 'approved' AND raised_at_ms = $3`;

/**
 * State of a decision: nothing → pending (its keys arrive, page by page) → waiting → approved → dropped (its keys go, page by page) →
 * nothing. Until the step from pending to waiting, which is one transaction, the decision before it stands. Pending and dropped ones count
 * for nothing; what a crash leaves of them goes when the next guard of the pipeline is raised or cleared. One `raise` of a collection at a
 * time. What was approved stays so when the same keys, or some of them, are raised again: somebody may approve while a walk still weighs
 * what it found.
 */
export function createGuardStore(database: PostgresDatabase, write: FencedWrite): GuardStore {
  const { tables } = database;
  const approve = approveSql(tables);
  const list = listSql(tables);
  return {
    raise: createRaise(database, write),
    approve: (pipeline, collection, approvedAtMs) =>
      database.write(async (session) => {
        const { count } = await session.query(approve, [pipeline, collection, approvedAtMs]);
        return count === 1;
      }),
    list: (pipeline) =>
      database.read(async (session) => (await session.query(list, [pipeline])).rows.map(toGuard)),
    extend: createExtend(database, write),
    keys: readGuardKeys(database),
    holding: findHeldKeys(database),
    clear: createClear(database, write),
  };
}

function createClear(database: PostgresDatabase, write: FencedWrite): GuardStore['clear'] {
  const clear = clearSql(database.tables);
  const clearOne = clearOneSql(database.tables);
  const sweep = createSweep(database);
  return async (by, collection, only) => {
    const { count } = await write(by, (session) =>
      only === undefined
        ? session.query(clear, [by.pipeline, collection])
        : session.query(clearOne, [by.pipeline, collection, only.raisedAtMs]),
    );
    await sweep(by.pipeline);
    return count > 0;
  };
}
