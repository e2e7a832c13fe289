import type { AnyBulkWriteOperation } from 'mongodb';
import type { CheckpointEntry, CheckpointStore } from '../../protocol/control-store.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { PipelineName } from '../../protocol/names.ts';
import type { Json } from '../../protocol/value.ts';
import type { MongodbDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import type { StoredDocument } from './names.ts';
import { text } from './row.ts';

/** Texts compare byte by byte, and `0` follows `/`. */
const spaceAndBelow = (space: string) => ({
  $or: [{ space }, { space: { $gte: `${space}/`, $lt: `${space}0` } }],
});

export function createCheckpointStore(database: MongodbDatabase, write: FencedWrite): CheckpointStore {
  const { checkpoints } = database.collections;
  return {
    list: (pipeline, space) =>
      database.run(async ({ session }) => {
        const sorted = { session, sort: { name: 1 } } as const;
        const rows = await checkpoints.find({ pipeline, space }, sorted).toArray();
        return rows.map((row) => ({ name: text(row, 'name'), value: toValue(row) }));
      }),
    get: (pipeline, space, name) =>
      database.run(async ({ session }) => {
        const row = await checkpoints.findOne({ pipeline, space, name }, { session });
        return row === null ? undefined : toValue(row);
      }),
    save: async (by, entries) => {
      reach('store.save.before');
      const statements = statementsOf(by.pipeline, entries);
      await write(by, async (session) => {
        if (statements.length > 0) await checkpoints.bulkWrite(statements, { session });
      });
      reach('store.save.after');
    },
    clear: async (by, space) => {
      reach('store.clear.before');
      const gone = { pipeline: by.pipeline, ...spaceAndBelow(space) };
      await write(by, (session) => checkpoints.deleteMany(gone, { session }));
      reach('store.clear.after');
    },
  };
}

/** Of an entry that is named twice the last one counts. */
function statementsOf(
  pipeline: PipelineName,
  entries: readonly CheckpointEntry[],
): AnyBulkWriteOperation<StoredDocument>[] {
  const last = new Map(entries.map((entry) => [JSON.stringify([entry.space, entry.name]), entry]));
  return [...last.values()].map(({ space, name, value }) => {
    const filter = { pipeline, space, name };
    if (value === undefined) return { deleteOne: { filter } };
    return { updateOne: { filter, update: { $set: { value: JSON.stringify(value) } }, upsert: true } };
  });
}

/** Kept as text: a document can't hold every name of a JSON object, nor tell its numbers as JSON does. */
function toValue(row: StoredDocument): Json {
  return JSON.parse(text(row, 'value'));
}
