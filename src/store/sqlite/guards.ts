import type { FencedBy, GuardStore } from '../../protocol/control-store.ts';
import type { Key } from '../../protocol/names.ts';
import { inPortions } from '../records/in-portions.ts';
import type { SqliteDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import { createExtend } from './guard-extend.ts';
import { findHeldKeys, readGuardKeys } from './guard-keys.ts';
import { toGuard } from './records.ts';
import { integer } from './row.ts';

type RaisedGuard = Parameters<GuardStore['raise']>[1];

const dropPendingSql = "DELETE FROM guards WHERE pipeline = ? AND collection = ? AND state = 'pending'";
const beginSql = `
  INSERT INTO guards (pipeline, collection, state, leaving, total, samples, raised_at_ms)
  VALUES (?, ?, 'pending', ?, ?, ?, ?) RETURNING id`;
const addKeySql = 'INSERT INTO guard_keys (guard, place, key) VALUES (?, ?, ?)';
const dropCurrentSql = "DELETE FROM guards WHERE pipeline = ? AND collection = ? AND state <> 'pending'";
const switchSql = "UPDATE guards SET state = 'waiting' WHERE id = ?";
const currentApprovedSql =
  "SELECT id FROM guards WHERE pipeline = ? AND collection = ? AND state = 'approved'";
const firstKeySql = 'SELECT 1 FROM guard_keys WHERE guard = ? LIMIT 1';
const firstOtherKeySql = `
  SELECT key FROM guard_keys WHERE guard = ? EXCEPT SELECT key FROM guard_keys WHERE guard = ? LIMIT 1`;
const approveSql = `
  UPDATE guards SET state = 'approved', approved_at_ms = ?
  WHERE pipeline = ? AND collection = ? AND state = 'waiting'`;
const listSql = "SELECT * FROM guards WHERE pipeline = ? AND state <> 'pending' ORDER BY collection";
const clearSql = 'DELETE FROM guards WHERE pipeline = ? AND collection = ?';
const clearOneSql = `${clearSql} AND state = 'approved' AND raised_at_ms = ?`;

/**
 * State of a decision: nothing → pending (its keys arrive, page by page) → waiting → approved → cleared. Until the step from
 * pending to waiting, which is one transaction, the decision before it stands; what a crash leaves pending is dropped
 * when the guard is raised again or cleared. One `raise` of a collection at a time. What was approved stays so when the same keys, or some of
 * them, are raised again: somebody may approve while a walk still weighs what it found.
 */
export function createGuardStore(database: SqliteDatabase, write: FencedWrite): GuardStore {
  const raising = createRaising(database, write);
  const approve = database.prepare(approveSql);
  const list = database.prepare(listSql);
  const clear = database.prepare(clearSql);
  const clearOne = database.prepare(clearOneSql);

  return {
    raise: async (by, guard, keys) => {
      const id = await raising.begin(by, guard);
      let place = 0;
      for await (const page of inPortions(keys)) {
        await raising.addKeys({ by, id, place }, page);
        place += page.length;
      }
      await raising.finish(by, { id, collection: guard.collection });
    },
    approve: (pipeline, collection, approvedAtMs) =>
      database.write(() => approve.run(approvedAtMs, pipeline, collection).changes === 1),
    list: (pipeline) => database.read(() => list.all(pipeline).map(toGuard)),
    extend: createExtend(database, write),
    keys: readGuardKeys(database),
    holding: findHeldKeys(database),
    clear: (by, collection, only) =>
      write(by, () => {
        const { changes } =
          only === undefined
            ? clear.run(by.pipeline, collection)
            : clearOne.run(by.pipeline, collection, only.raisedAtMs);
        return Number(changes) > 0;
      }),
  };
}

interface Raising {
  begin(by: FencedBy, guard: RaisedGuard): Promise<number>;
  addKeys(at: { by: FencedBy; id: number; place: number }, keys: readonly Key[]): Promise<void>;
  finish(by: FencedBy, decision: { id: number; collection: string }): Promise<void>;
}

function createRaising(database: SqliteDatabase, write: FencedWrite): Raising {
  const dropPending = database.prepare(dropPendingSql);
  const begin = database.prepare(beginSql);
  const addKey = database.prepare(addKeySql);
  const dropCurrent = database.prepare(dropCurrentSql);
  const switchOver = database.prepare(switchSql);
  const currentApproved = database.prepare(currentApprovedSql);
  const firstKey = database.prepare(firstKeySql);
  const firstOtherKey = database.prepare(firstOtherKeySql);
  const isApproved = (pipeline: string, { id, collection }: { id: number; collection: string }): boolean => {
    const approved = currentApproved.get(pipeline, collection);
    // A guard without keys is a count, which is weighed by whoever raises it.
    if (approved === undefined || firstKey.get(id) === undefined) return false;
    return firstOtherKey.get(id, integer(approved, 'id')) === undefined;
  };

  return {
    begin: (by, { collection, leaving, total, samples, raisedAtMs }) =>
      write(by, () => {
        dropPending.run(by.pipeline, collection);
        const row = begin.get(by.pipeline, collection, leaving, total, JSON.stringify(samples), raisedAtMs);
        return integer(row ?? {}, 'id');
      }),
    addKeys: ({ by, id, place }, keys) =>
      write(by, () => {
        for (const [index, key] of keys.entries()) addKey.run(id, place + index, key);
      }),
    finish: (by, { id, collection }) =>
      write(by, () => {
        if (isApproved(by.pipeline, { id, collection })) {
          dropPending.run(by.pipeline, collection);
          return;
        }
        dropCurrent.run(by.pipeline, collection);
        switchOver.run(id);
      }),
  };
}
