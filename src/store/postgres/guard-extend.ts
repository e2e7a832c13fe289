import type { GuardStore } from '../../protocol/control-store.ts';
import type { PostgresDatabase } from './database.ts';
import { digestOf } from './digest.ts';
import type { FencedWrite } from './fence.ts';
import type { Tables } from './names.ts';
import { integer } from './row.ts';

const currentSql = ({ guards }: Tables) => `
  SELECT id FROM ${guards} WHERE pipeline = $1 AND collection = $2 AND state IN ('waiting', 'approved')
  FOR NO KEY UPDATE`;
const nextPlaceSql = ({ guardKeys }: Tables) =>
  `SELECT coalesce(max(place) + 1, 0) AS place FROM ${guardKeys} WHERE guard = $1`;
const addKeysSql = ({ guardKeys }: Tables) => `
  INSERT INTO ${guardKeys} (guard, place, key, digest)
  SELECT $1, $2 + row_number() OVER (ORDER BY asked.place) - 1, asked.key, asked.digest
  FROM unnest($3::text[], $4::bytea[]) WITH ORDINALITY AS asked (key, digest, place)
  WHERE NOT EXISTS (SELECT FROM ${guardKeys} AS kept WHERE kept.guard = $1 AND kept.digest = asked.digest)`;
const growSql = ({ guards }: Tables) => `UPDATE ${guards} SET leaving = leaving + $2 WHERE id = $1`;

/**
 * Keys that are held back while their guard waits. One that was approved a moment ago takes them too: they would be lost otherwise, and
 * each is read again before it leaves. Without a guard nothing could hold them, so that throws.
 */
export function createExtend(database: PostgresDatabase, write: FencedWrite): GuardStore['extend'] {
  const { tables } = database;
  const current = currentSql(tables);
  const nextPlace = nextPlaceSql(tables);
  const addKeys = addKeysSql(tables);
  const grow = growSql(tables);
  return (by, collection, keys) => {
    const asked = [...new Set(keys)];
    return write(by, async (session) => {
      const [row] = (await session.query(current, [by.pipeline, collection])).rows;
      if (row === undefined) throw new RangeError(`no guard of ${collection} is there to be extended`);
      const guard = integer(row, 'id');
      const place = integer((await session.query(nextPlace, [guard])).rows[0], 'place');
      const added = await session.query(addKeys, [guard, place, asked, asked.map(digestOf)]);
      await session.query(grow, [guard, added.count]);
    });
  };
}
