import type { RunStore } from '../../protocol/control-store.ts';
import type { PostgresDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import type { Tables } from './names.ts';
import { toRun } from './records.ts';
import { integer } from './row.ts';

const beginSql = ({ runs }: Tables) => `
  INSERT INTO ${runs} (pipeline, kind, started_at_ms, result, summary) VALUES ($1, $2, $3, 'running', $4)
  RETURNING id`;
/** Whoever begins holds the lease, so whoever had begun before is dead. */
const buryBeforeSql = ({ runs }: Tables) =>
  `UPDATE ${runs} SET result = 'interrupted', ended_at_ms = $2 WHERE pipeline = $1 AND result = 'running'`;
const forgetSql = ({ runs }: Tables) => `
  DELETE FROM ${runs}
  WHERE pipeline = $1 AND id <= (SELECT id FROM ${runs} WHERE pipeline = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)`;
const endSql = ({ runs }: Tables) =>
  `UPDATE ${runs} SET result = $1, ended_at_ms = $2, summary = $3 WHERE id = $4 AND pipeline = $5`;
const listSql = ({ runs }: Tables) => `SELECT * FROM ${runs} WHERE pipeline = $1 ORDER BY id DESC LIMIT $2`;

/** A schedule of one a minute would else let the table grow for ever. */
const runsKept = 1000;

export function createRunStore(database: PostgresDatabase, write: FencedWrite): RunStore {
  const { tables } = database;
  const [begin, buryBefore, forget] = [beginSql(tables), buryBeforeSql(tables), forgetSql(tables)];
  const [end, list] = [endSql(tables), listSql(tables)];
  return {
    begin: (by, { kind, startedAtMs, summary = null }) =>
      write(by, async (session) => {
        await session.query(buryBefore, [by.pipeline, startedAtMs]);
        const { rows } = await session.query(begin, [
          by.pipeline,
          kind,
          startedAtMs,
          JSON.stringify(summary),
        ]);
        await session.query(forget, [by.pipeline, runsKept]);
        return integer(rows[0], 'id');
      }),
    end: (by, id, { result, endedAtMs, summary }) =>
      write(by, async (session) => {
        await session.query(end, [result, endedAtMs, JSON.stringify(summary), id, by.pipeline]);
      }),
    list: (pipeline, limit) =>
      database.read(async (session) => (await session.query(list, [pipeline, limit])).rows.map(toRun)),
  };
}
