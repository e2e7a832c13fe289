import type { RequestStore } from '../../protocol/control-store.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { SqliteDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import { toRequest } from './records.ts';
import { integer, text } from './row.ts';

const askSql = `
  INSERT INTO requests (pipeline, kind, detail, state, result, asked_at_ms) VALUES (?, ?, ?, 'waiting', 'null', ?)
  RETURNING id`;
/** What ended long ago is nobody's business any more; what is open is never forgotten. */
const forgetSql = `
  DELETE FROM requests
  WHERE pipeline = ?1 AND state IN ('done', 'failed')
    AND id <= (SELECT id FROM requests WHERE pipeline = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`;
const getSql = 'SELECT * FROM requests WHERE pipeline = ? AND id = ?';
const openSql = "SELECT * FROM requests WHERE pipeline = ? AND state IN ('waiting', 'running') ORDER BY id";
const beginSql =
  "UPDATE requests SET state = 'running' WHERE pipeline = ? AND id = ? AND state IN ('waiting', 'running')";
const endSql = `
  UPDATE requests SET state = ?, result = ?
  WHERE pipeline = ? AND id = ? AND state IN ('waiting', 'running')`;
const pauseSql = `
  INSERT INTO pauses (pipeline, since_ms, reason) VALUES (?, ?, ?)
  ON CONFLICT (pipeline) DO UPDATE SET since_ms = excluded.since_ms, reason = excluded.reason`;
const resumeSql = 'DELETE FROM pauses WHERE pipeline = ?';
const pausedSql = 'SELECT since_ms, reason FROM pauses WHERE pipeline = ?';

const requestsKept = 1000;

/** States of a request: waiting → running → done or failed. What has ended stays as it is, whoever says something else later. */
export function createRequestStore(database: SqliteDatabase, write: FencedWrite): RequestStore {
  return {
    ...createAsking(database),
    ...createAnswering(database, write),
    ...createPausing(database),
  };
}

function createAsking(database: SqliteDatabase): Pick<RequestStore, 'ask' | 'get' | 'open'> {
  const ask = database.prepare(askSql);
  const forget = database.prepare(forgetSql);
  const get = database.prepare(getSql);
  const open = database.prepare(openSql);
  return {
    ask: async (pipeline, { kind, detail, askedAtMs }) => {
      reach('request.ask.before');
      const id = await database.write(() => {
        const asked = integer(ask.get(pipeline, kind, JSON.stringify(detail), askedAtMs) ?? {}, 'id');
        forget.run(pipeline, requestsKept);
        return asked;
      });
      reach('request.ask.after');
      return id;
    },
    get: (pipeline, id) =>
      database.read(() => {
        const row = get.get(pipeline, id);
        return row === undefined ? null : toRequest(row);
      }),
    open: (pipeline) => database.read(() => open.all(pipeline).map(toRequest)),
  };
}

function createAnswering(database: SqliteDatabase, write: FencedWrite): Pick<RequestStore, 'begin' | 'end'> {
  const begin = database.prepare(beginSql);
  const end = database.prepare(endSql);
  return {
    begin: async (by, id) => {
      reach('request.begin.before');
      await write(by, () => void begin.run(by.pipeline, id));
      reach('request.begin.after');
    },
    end: async (by, id, { state, result }) => {
      reach('request.end.before');
      await write(by, () => void end.run(state, JSON.stringify(result), by.pipeline, id));
      reach('request.end.after');
    },
  };
}

function createPausing(database: SqliteDatabase): Pick<RequestStore, 'setPaused' | 'paused'> {
  const pause = database.prepare(pauseSql);
  const resume = database.prepare(resumeSql);
  const paused = database.prepare(pausedSql);
  return {
    setPaused: async (pipeline, wanted) => {
      reach('request.pause.before');
      await database.write(() => {
        if (wanted === null) resume.run(pipeline);
        else pause.run(pipeline, wanted.sinceMs, wanted.reason);
      });
      reach('request.pause.after');
    },
    paused: (pipeline) =>
      database.read(() => {
        const row = paused.get(pipeline);
        return row === undefined ? null : { sinceMs: integer(row, 'since_ms'), reason: text(row, 'reason') };
      }),
  };
}
