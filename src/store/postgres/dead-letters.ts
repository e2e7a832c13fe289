import type { DeadLetterStore } from '../../protocol/control-store.ts';
import type { Key } from '../../protocol/names.ts';
import type { PostgresDatabase } from './database.ts';
import { digestOf } from './digest.ts';
import type { FencedWrite } from './fence.ts';
import { createPut } from './letter-put.ts';
import { createSealing } from './letter-sealing.ts';
import type { Tables } from './names.ts';
import { toLetter } from './records.ts';
import { integer, text } from './row.ts';

const newestSql = ({ newestLetters }: Tables) => `SELECT id FROM ${newestLetters} WHERE pipeline = $1`;
const resolveSql = ({ deadLetters }: Tables) => `
  DELETE FROM ${deadLetters} WHERE pipeline = $1 AND collection = $2 AND digest = ANY ($3::bytea[])`;
const countSql = ({ deadLetters }: Tables) => `
  SELECT count(*) AS letters FROM ${deadLetters}
  WHERE pipeline = $1 AND ($2::text IS NULL OR collection = $2) AND ($3 = 'any' OR state = $3)`;
const listSql = ({ deadLetters }: Tables) => `
  SELECT * FROM ${deadLetters}
  WHERE pipeline = $1 AND id > $2 AND ($3::text IS NULL OR collection = $3) AND ($4::text IS NULL OR state = $4)
  ORDER BY id LIMIT $5`;
const getSql = ({ deadLetters }: Tables) => `SELECT * FROM ${deadLetters} WHERE pipeline = $1 AND id = $2`;
const havingSql = ({ deadLetters }: Tables) => `
  SELECT key FROM ${deadLetters} WHERE pipeline = $1 AND collection = $2 AND digest = ANY ($3::bytea[])`;

export function createDeadLetterStore(database: PostgresDatabase, write: FencedWrite): DeadLetterStore {
  const put = createPut(database.tables);
  const resolve = resolveSql(database.tables);
  return {
    put: (by, letters, limit) =>
      write(by, async (session) => ({ full: !(await put(session, { by, letters, limit })) })),
    resolve: (by, collection, keys) =>
      write(by, async (session) => {
        const { count } = await session.query(resolve, [by.pipeline, collection, keys.map(digestOf)]);
        return count;
      }),
    ...createQueries(database),
    ...createSealing(database),
  };
}

function createQueries(
  database: PostgresDatabase,
): Omit<DeadLetterStore, 'put' | 'resolve' | keyof ReturnType<typeof createSealing>> {
  const { tables } = database;
  const [count, list, get] = [countSql(tables), listSql(tables), getSql(tables)];
  const [newest, having] = [newestSql(tables), havingSql(tables)];
  return {
    count: (pipeline, collection = undefined, state = 'parked') =>
      database.read(async (session) => {
        const { rows } = await session.query(count, [pipeline, collection ?? null, state]);
        return integer(rows[0], 'letters');
      }),
    list: (pipeline, { collection = null, afterId = 0, limit, state = null }) =>
      database.read(async (session) => {
        const { rows } = await session.query(list, [pipeline, afterId, collection, state, limit]);
        return rows.map(toLetter);
      }),
    get: (pipeline, id) =>
      database.read(async (session) => {
        const { rows } = await session.query(get, [pipeline, id]);
        return rows[0] === undefined ? null : toLetter(rows[0]);
      }),
    newest: (pipeline) =>
      database.read(async (session) => {
        const { rows } = await session.query(newest, [pipeline]);
        return rows[0] === undefined ? 0 : integer(rows[0], 'id');
      }),
    having: (pipeline, collection, keys) =>
      database.read(async (session) => {
        const { rows } = await session.query(having, [pipeline, collection, keys.map(digestOf)]);
        return new Set<Key>(rows.map((row) => text(row, 'key')));
      }),
  };
}
