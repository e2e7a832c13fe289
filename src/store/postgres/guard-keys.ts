import type { GuardStore } from '../../protocol/control-store.ts';
import type { Key } from '../../protocol/names.ts';
import type { PostgresDatabase } from './database.ts';
import { digestOf } from './digest.ts';
import type { Tables } from './names.ts';
import { text } from './row.ts';

const currentSql = ({ guards }: Tables) =>
  `SELECT id FROM ${guards} WHERE pipeline = $1 AND collection = $2 AND state IN ('waiting', 'approved')`;
const pageSql = ({ guardKeys }: Tables) =>
  `SELECT key FROM ${guardKeys} WHERE guard = $1 AND place >= $2 ORDER BY place LIMIT $3`;
const holdingSql = (tables: Tables) => `
  SELECT DISTINCT key FROM ${tables.guardKeys} WHERE guard = (${currentSql(tables)}) AND digest = ANY ($3::bytea[])`;

const keysPerPage = 1000;

/**
 * The keys of the decision that stands when reading begins; each page is a read of its own, so no session is held while the
 * caller works. A decision that is replaced meanwhile ends the listing: who acts on the keys finds that out by the fence.
 */
export function readGuardKeys(database: PostgresDatabase): GuardStore['keys'] {
  const current = currentSql(database.tables);
  const page = pageSql(database.tables);
  return async function* keys(pipeline, collection): AsyncIterable<readonly Key[]> {
    const [guard] = await database.read(
      async (session) => (await session.query(current, [pipeline, collection])).rows,
    );
    if (guard === undefined) return;
    const id = text(guard, 'id');
    for (let place = 0; ; place += keysPerPage) {
      const { rows } = await database.read((session) => session.query(page, [id, place, keysPerPage]));
      if (rows.length > 0) yield rows.map((row) => text(row, 'key'));
      if (rows.length < keysPerPage) return;
    }
  };
}

/** Which keys the decision that stands is about. */
export function findHeldKeys(database: PostgresDatabase): GuardStore['holding'] {
  const holding = holdingSql(database.tables);
  return (pipeline, collection, keys) =>
    database.read(async (session) => {
      const { rows } = await session.query(holding, [pipeline, collection, keys.map(digestOf)]);
      return new Set<Key>(rows.map((row) => text(row, 'key')));
    });
}
