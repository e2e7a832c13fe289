import type { RunStore } from '../../protocol/control-store.ts';
import type { SqliteDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import { toRun } from './records.ts';
import { integer } from './row.ts';

const beginSql = `
  INSERT INTO runs (pipeline, kind, started_at_ms, result, summary) VALUES (?, ?, ?, 'running', ?) RETURNING id`;
/** Whoever begins holds the lease, so whoever had begun before is dead. */
const buryBeforeSql = `UPDATE runs SET result = 'interrupted', ended_at_ms = ? WHERE pipeline = ? AND result = 'running'`;
const forgetSql = `
  DELETE FROM runs
  WHERE pipeline = ?1 AND id <= (SELECT id FROM runs WHERE pipeline = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`;
const endSql = 'UPDATE runs SET result = ?, ended_at_ms = ?, summary = ? WHERE id = ? AND pipeline = ?';
const listSql = 'SELECT * FROM runs WHERE pipeline = ? ORDER BY id DESC LIMIT ?';

/** A schedule of one a minute would else let the file grow for ever. */
const runsKept = 1000;

export function createRunStore(database: SqliteDatabase, write: FencedWrite): RunStore {
  const begin = database.prepare(beginSql);
  const buryBefore = database.prepare(buryBeforeSql);
  const forget = database.prepare(forgetSql);
  const end = database.prepare(endSql);
  const list = database.prepare(listSql);

  return {
    begin: (by, { kind, startedAtMs, summary = null }) =>
      write(by, () => {
        buryBefore.run(startedAtMs, by.pipeline);
        const begun = begin.get(by.pipeline, kind, startedAtMs, JSON.stringify(summary));
        const id = integer(begun ?? {}, 'id');
        forget.run(by.pipeline, runsKept);
        return id;
      }),
    end: (by, id, { result, endedAtMs, summary }) =>
      write(by, () => {
        end.run(result, endedAtMs, JSON.stringify(summary), id, by.pipeline);
      }),
    list: (pipeline, limit) => database.read(() => list.all(pipeline, limit).map(toRun)),
  };
}
