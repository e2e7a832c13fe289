import type { ConnectionStore } from '../../protocol/control-store.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { PostgresDatabase } from './database.ts';
import type { Tables } from './names.ts';
import { toConnection } from './records.ts';

const putSql = ({ connections }: Tables) => `
  INSERT INTO ${connections} (name, sealed, saved_at_ms) VALUES ($1, $2, $3)
  ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, saved_at_ms = excluded.saved_at_ms`;
const getSql = ({ connections }: Tables) => `SELECT * FROM ${connections} WHERE name = $1`;
const listSql = ({ connections }: Tables) => `SELECT * FROM ${connections} ORDER BY name`;
const removeSql = ({ connections }: Tables) => `DELETE FROM ${connections} WHERE name = $1`;
const resealSql = ({ connections }: Tables) =>
  `UPDATE ${connections} SET sealed = $1 WHERE name = $2 AND sealed = $3`;

export function createConnectionStore(database: PostgresDatabase): ConnectionStore {
  return { ...createWriting(database), ...createReading(database) };
}

function createWriting(database: PostgresDatabase): Pick<ConnectionStore, 'put' | 'remove' | 'reseal'> {
  const { tables } = database;
  const [put, remove, reseal] = [putSql(tables), removeSql(tables), resealSql(tables)];
  return {
    put: async ({ name, sealed, savedAtMs }) => {
      reach('connection.put.before');
      await database.write((session) => session.query(put, [name, sealed, savedAtMs]));
      reach('connection.put.after');
    },
    remove: async (name) => {
      reach('connection.remove.before');
      const { count } = await database.write((session) => session.query(remove, [name]));
      reach('connection.remove.after');
      return count > 0;
    },
    reseal: async ({ name, was, sealed }) => {
      reach('connection.reseal.before');
      const { count } = await database.write((session) => session.query(reseal, [sealed, name, was]));
      reach('connection.reseal.after');
      return count > 0;
    },
  };
}

function createReading(database: PostgresDatabase): Pick<ConnectionStore, 'get' | 'list'> {
  const [get, list] = [getSql(database.tables), listSql(database.tables)];
  return {
    get: (name) =>
      database.read(async (session) => {
        const [row] = (await session.query(get, [name])).rows;
        return row === undefined ? null : toConnection(row);
      }),
    list: () => database.read(async (session) => (await session.query(list)).rows.map(toConnection)),
  };
}
