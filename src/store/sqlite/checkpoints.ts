import type { CheckpointEntry, CheckpointStore } from '../../protocol/control-store.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { PipelineName } from '../../protocol/names.ts';
import type { Json } from '../../protocol/value.ts';
import type { SqliteDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import { type StoredRow, text } from './row.ts';

const listSql = 'SELECT name, value FROM checkpoints WHERE pipeline = ? AND space = ? ORDER BY name';
const getSql = 'SELECT value FROM checkpoints WHERE pipeline = ? AND space = ? AND name = ?';
const saveSql = `
  INSERT INTO checkpoints (pipeline, space, name, value) VALUES (?, ?, ?, ?)
  ON CONFLICT (pipeline, space, name) DO UPDATE SET value = excluded.value`;
const deleteSql = 'DELETE FROM checkpoints WHERE pipeline = ? AND space = ? AND name = ?';
/** '0' is the character after '/', so the range holds exactly what begins with the space and a slash. */
const clearSql = `
  DELETE FROM checkpoints
  WHERE pipeline = ?1 AND (space = ?2 OR (space >= ?2 || '/' AND space < ?2 || '0'))`;

export function createCheckpointStore(database: SqliteDatabase, write: FencedWrite): CheckpointStore {
  const list = database.prepare(listSql);
  const get = database.prepare(getSql);
  const save = database.prepare(saveSql);
  const remove = database.prepare(deleteSql);
  const clear = database.prepare(clearSql);

  const put = (pipeline: PipelineName, { space, name, value }: CheckpointEntry): void => {
    if (value === undefined) remove.run(pipeline, space, name);
    else save.run(pipeline, space, name, JSON.stringify(value));
  };

  return {
    list: (pipeline, space) =>
      database.read(() =>
        list.all(pipeline, space).map((row) => ({ name: text(row, 'name'), value: toValue(row) })),
      ),
    get: (pipeline, space, name) =>
      database.read(() => {
        const row = get.get(pipeline, space, name);
        return row === undefined ? undefined : toValue(row);
      }),
    save: async (by, entries) => {
      reach('store.save.before');
      await write(by, () => {
        for (const entry of entries) put(by.pipeline, entry);
      });
      reach('store.save.after');
    },
    clear: async (by, space) => {
      reach('store.clear.before');
      await write(by, () => {
        clear.run(by.pipeline, space);
      });
      reach('store.clear.after');
    },
  };
}

function toValue(row: StoredRow): Json {
  return JSON.parse(text(row, 'value'));
}
