import type { ConnectionStore } from '../../protocol/control-store.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { SqliteDatabase } from './database.ts';
import { toConnection } from './records.ts';

const putSql = `
  INSERT INTO connections (name, sealed, saved_at_ms) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, saved_at_ms = excluded.saved_at_ms`;
const getSql = 'SELECT * FROM connections WHERE name = ?';
const listSql = 'SELECT * FROM connections ORDER BY name';
const removeSql = 'DELETE FROM connections WHERE name = ?';
const resealSql = 'UPDATE connections SET sealed = ? WHERE name = ? AND sealed = ?';

export function createConnectionStore(database: SqliteDatabase): ConnectionStore {
  return { ...createWriting(database), ...createReading(database) };
}

function createWriting(database: SqliteDatabase): Pick<ConnectionStore, 'put' | 'remove' | 'reseal'> {
  const put = database.prepare(putSql);
  const remove = database.prepare(removeSql);
  const reseal = database.prepare(resealSql);
  return {
    put: async ({ name, sealed, savedAtMs }) => {
      reach('connection.put.before');
      await database.write(() => put.run(name, sealed, savedAtMs));
      reach('connection.put.after');
    },
    remove: async (name) => {
      reach('connection.remove.before');
      const { changes } = await database.write(() => remove.run(name));
      reach('connection.remove.after');
      return Number(changes) > 0;
    },
    reseal: async ({ name, was, sealed }) => {
      reach('connection.reseal.before');
      const { changes } = await database.write(() => reseal.run(sealed, name, was));
      reach('connection.reseal.after');
      return Number(changes) > 0;
    },
  };
}

function createReading(database: SqliteDatabase): Pick<ConnectionStore, 'get' | 'list'> {
  const get = database.prepare(getSql);
  const list = database.prepare(listSql);
  return {
    get: (name) =>
      database.read(() => {
        const row = get.get(name);
        return row === undefined ? null : toConnection(row);
      }),
    list: () => database.read(() => list.all().map(toConnection)),
  };
}
