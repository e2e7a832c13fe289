import type { CheckpointEntry, CheckpointStore } from '../../protocol/control-store.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { Json } from '../../protocol/value.ts';
import type { PostgresDatabase } from './database.ts';
import { digestOf } from './digest.ts';
import type { FencedWrite } from './fence.ts';
import type { Tables } from './names.ts';
import { type StoredRow, text } from './row.ts';

const listSql = ({ checkpoints }: Tables) =>
  `SELECT name, value FROM ${checkpoints} WHERE pipeline = $1 AND space = $2 ORDER BY name`;
const getSql = ({ checkpoints }: Tables) =>
  `SELECT value FROM ${checkpoints} WHERE pipeline = $1 AND space = $2 AND digest = $3`;
const saveSql = ({ checkpoints }: Tables) => `
  INSERT INTO ${checkpoints} (pipeline, space, digest, name, value)
  SELECT $1, entry.* FROM unnest($2::text[], $3::bytea[], $4::text[], $5::text[]) AS entry
  ON CONFLICT (pipeline, space, digest) DO UPDATE SET value = excluded.value`;
const deleteSql = ({ checkpoints }: Tables) => `
  DELETE FROM ${checkpoints} AS c USING unnest($2::text[], $3::bytea[]) AS entry (space, digest)
  WHERE c.pipeline = $1 AND c.space = entry.space AND c.digest = entry.digest`;
const clearSql = ({ checkpoints }: Tables) =>
  `DELETE FROM ${checkpoints} WHERE pipeline = $1 AND (space = $2 OR starts_with(space, $2 || '/'))`;

export function createCheckpointStore(database: PostgresDatabase, write: FencedWrite): CheckpointStore {
  const { tables } = database;
  const list = listSql(tables);
  const get = getSql(tables);
  const save = saveSql(tables);
  const remove = deleteSql(tables);
  const clear = clearSql(tables);
  return {
    list: (pipeline, space) =>
      database.read(async (session) => {
        const { rows } = await session.query(list, [pipeline, space]);
        return rows.map((row) => ({ name: text(row, 'name'), value: toValue(row) }));
      }),
    get: (pipeline, space, name) =>
      database.read(async (session) => {
        const { rows } = await session.query(get, [pipeline, space, digestOf(name)]);
        return rows[0] === undefined ? undefined : toValue(rows[0]);
      }),
    save: async (by, entries) => {
      reach('store.save.before');
      const { kept, gone } = whatToDo(entries);
      await write(by, async (session) => {
        if (gone.length > 0)
          await session.query(remove, [
            by.pipeline,
            gone.map(({ space }) => space),
            gone.map(({ digest }) => digest),
          ]);
        if (kept.length > 0)
          await session.query(save, [
            by.pipeline,
            kept.map(({ space }) => space),
            kept.map(({ digest }) => digest),
            kept.map(({ name }) => name),
            kept.map(({ text: value }) => value),
          ]);
      });
      reach('store.save.after');
    },
    clear: async (by, space) => {
      reach('store.clear.before');
      await write(by, (session) => session.query(clear, [by.pipeline, space]));
      reach('store.clear.after');
    },
  };
}

interface StatedEntry {
  readonly space: string;
  readonly name: string;
  readonly digest: Uint8Array;
}

/** Of an entry that is named twice the last one counts: a statement takes each row once. */
function whatToDo(entries: readonly CheckpointEntry[]): {
  readonly kept: readonly (StatedEntry & { readonly text: string })[];
  readonly gone: readonly StatedEntry[];
} {
  const last = new Map(entries.map((entry) => [JSON.stringify([entry.space, entry.name]), entry]));
  const kept: (StatedEntry & { readonly text: string })[] = [];
  const gone: StatedEntry[] = [];
  for (const { space, name, value } of last.values()) {
    const stated = { space, name, digest: digestOf(name) };
    if (value === undefined) gone.push(stated);
    else kept.push({ ...stated, text: JSON.stringify(value) });
  }
  return { kept, gone };
}

/** Kept as text: `jsonb` takes no NUL and knows numbers that JSON.parse does not. */
function toValue(row: StoredRow): Json {
  return JSON.parse(text(row, 'value'));
}
