import type { RequestStore } from '../../protocol/control-store.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { PostgresDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import type { Tables } from './names.ts';
import { toRequest } from './records.ts';
import { integer, sentence, text } from './row.ts';

const askSql = ({ requests }: Tables) => `
  INSERT INTO ${requests} (pipeline, kind, detail, state, result, asked_at_ms) VALUES ($1, $2, $3, 'waiting', 'null', $4)
  RETURNING id`;
/** What ended long ago is nobody's business any more; what is open is never forgotten. */
const forgetSql = ({ requests }: Tables) => `
  DELETE FROM ${requests}
  WHERE pipeline = $1 AND state IN ('done', 'failed')
    AND id <= (SELECT id FROM ${requests} WHERE pipeline = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)`;
const getSql = ({ requests }: Tables) => `SELECT * FROM ${requests} WHERE pipeline = $1 AND id = $2`;
const openSql = ({ requests }: Tables) =>
  `SELECT * FROM ${requests} WHERE pipeline = $1 AND state IN ('waiting', 'running') ORDER BY id`;
const beginSql = ({ requests }: Tables) => `
  UPDATE ${requests} SET state = 'running' WHERE pipeline = $1 AND id = $2 AND state IN ('waiting', 'running')`;
const endSql = ({ requests }: Tables) => `
  UPDATE ${requests} SET state = $3, result = $4
  WHERE pipeline = $1 AND id = $2 AND state IN ('waiting', 'running')`;
const pauseSql = ({ pauses }: Tables) => `
  INSERT INTO ${pauses} (pipeline, since_ms, reason) VALUES ($1, $2, $3)
  ON CONFLICT (pipeline) DO UPDATE SET since_ms = excluded.since_ms, reason = excluded.reason`;
const resumeSql = ({ pauses }: Tables) => `DELETE FROM ${pauses} WHERE pipeline = $1`;
const pausedSql = ({ pauses }: Tables) => `SELECT since_ms, reason FROM ${pauses} WHERE pipeline = $1`;

const requestsKept = 1000;

/** States of a request: waiting → running → done or failed. What has ended stays as it is, whoever says something else later. */
export function createRequestStore(database: PostgresDatabase, write: FencedWrite): RequestStore {
  return {
    ...createAsking(database),
    ...createAnswering(database, write),
    ...createPausing(database),
  };
}

function createAsking(database: PostgresDatabase): Pick<RequestStore, 'ask' | 'get' | 'open'> {
  const { tables } = database;
  const [ask, forget] = [askSql(tables), forgetSql(tables)];
  const [get, open] = [getSql(tables), openSql(tables)];
  return {
    ask: async (pipeline, { kind, detail, askedAtMs }) => {
      reach('request.ask.before');
      const id = await database.write(async (session) => {
        const { rows } = await session.query(ask, [pipeline, kind, JSON.stringify(detail), askedAtMs]);
        await session.query(forget, [pipeline, requestsKept]);
        return integer(rows[0], 'id');
      });
      reach('request.ask.after');
      return id;
    },
    get: (pipeline, id) =>
      database.read(async (session) => {
        const { rows } = await session.query(get, [pipeline, id]);
        return rows[0] === undefined ? null : toRequest(rows[0]);
      }),
    open: (pipeline) =>
      database.read(async (session) => (await session.query(open, [pipeline])).rows.map(toRequest)),
  };
}

function createAnswering(
  database: PostgresDatabase,
  write: FencedWrite,
): Pick<RequestStore, 'begin' | 'end'> {
  const begin = beginSql(database.tables);
  const end = endSql(database.tables);
  return {
    begin: async (by, id) => {
      reach('request.begin.before');
      await write(by, (session) => session.query(begin, [by.pipeline, id]));
      reach('request.begin.after');
    },
    end: async (by, id, { state, result }) => {
      reach('request.end.before');
      await write(by, (session) => session.query(end, [by.pipeline, id, state, JSON.stringify(result)]));
      reach('request.end.after');
    },
  };
}

function createPausing(database: PostgresDatabase): Pick<RequestStore, 'setPaused' | 'paused'> {
  const { tables } = database;
  const [pause, resume, paused] = [pauseSql(tables), resumeSql(tables), pausedSql(tables)];
  return {
    setPaused: async (pipeline, wanted) => {
      reach('request.pause.before');
      await database.write((session) =>
        wanted === null
          ? session.query(resume, [pipeline])
          : session.query(pause, [pipeline, wanted.sinceMs, sentence(wanted.reason)]),
      );
      reach('request.pause.after');
    },
    paused: (pipeline) =>
      database.read(async (session) => {
        const [row] = (await session.query(paused, [pipeline])).rows;
        return row === undefined ? null : { sinceMs: integer(row, 'since_ms'), reason: text(row, 'reason') };
      }),
  };
}
