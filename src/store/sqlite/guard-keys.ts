import type { GuardStore } from '../../protocol/control-store.ts';
import type { Key } from '../../protocol/names.ts';
import type { SqliteDatabase } from './database.ts';
import { integer, text } from './row.ts';

const currentSql = "SELECT id FROM guards WHERE pipeline = ? AND collection = ? AND state <> 'pending'";
const pageSql = 'SELECT key FROM guard_keys WHERE guard = ? AND place >= ? ORDER BY place LIMIT ?';

const holdingSql = `
  SELECT key FROM guard_keys WHERE guard = (
    SELECT id FROM guards WHERE pipeline = ? AND collection = ? AND state <> 'pending'
  ) AND key IN (SELECT value FROM json_each(?))`;

const keysPerPage = 1000;

/**
 * The keys of the decision that stands when reading begins; each page is a read of its own, so no lock is held while the
 * caller works. A decision that is replaced meanwhile ends the listing: who acts on the keys finds that out by the fence.
 */
export function readGuardKeys(database: SqliteDatabase): GuardStore['keys'] {
  const current = database.prepare(currentSql);
  const page = database.prepare(pageSql);

  return async function* keys(pipeline, collection): AsyncIterable<readonly Key[]> {
    const row = await database.read(() => current.get(pipeline, collection));
    if (row === undefined) return;
    const guard = integer(row, 'id');
    for (let place = 0; ; place += keysPerPage) {
      const found = await database.read(() =>
        page.all(guard, place, keysPerPage).map((each) => text(each, 'key')),
      );
      if (found.length > 0) yield found;
      if (found.length < keysPerPage) return;
    }
  };
}

/** Which keys the decision that stands is about. */
export function findHeldKeys(database: SqliteDatabase): GuardStore['holding'] {
  const holding = database.prepare(holdingSql);
  return (pipeline, collection, keys) =>
    database.read(() => {
      const rows = holding.all(pipeline, collection, JSON.stringify(keys));
      return new Set<Key>(rows.map((row) => text(row, 'key')));
    });
}
