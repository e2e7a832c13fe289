import type { GuardStore } from '../../protocol/control-store.ts';
import type { SqliteDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import { integer } from './row.ts';

const currentSql = "SELECT id FROM guards WHERE pipeline = ? AND collection = ? AND state <> 'pending'";
const nextPlaceSql = 'SELECT coalesce(max(place) + 1, 0) AS place FROM guard_keys WHERE guard = ?';
const addKeySql = `
  INSERT INTO guard_keys (guard, place, key)
  SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM guard_keys WHERE guard = ?1 AND key = ?3)`;
const growSql = 'UPDATE guards SET leaving = leaving + ? WHERE id = ?';

/**
 * Keys that are held back while their guard waits. One that was approved a moment ago takes them too: they would be lost otherwise, and
 * each is read again before it leaves. Without a guard nothing could hold them, so that throws.
 */
export function createExtend(database: SqliteDatabase, write: FencedWrite): GuardStore['extend'] {
  const current = database.prepare(currentSql);
  const nextPlace = database.prepare(nextPlaceSql);
  const addKey = database.prepare(addKeySql);
  const grow = database.prepare(growSql);

  return (by, collection, keys) =>
    write(by, () => {
      const row = current.get(by.pipeline, collection);
      if (row === undefined) throw new RangeError(`no guard of ${collection} is there to be extended`);
      const guard = integer(row, 'id');
      const first = integer(nextPlace.get(guard) ?? {}, 'place');
      let added = 0;
      for (const key of keys) added += Number(addKey.run(guard, first + added, key).changes);
      grow.run(added, guard);
    });
}
