import type { FindCursor, ObjectId } from 'mongodb';
import type { MongodbDatabase } from './database.ts';
import type { StoredDocument } from './names.ts';
import { text } from './row.ts';

/**
 * Whether all keys of `raised` are among those of `known`. Both are read once in the order of their index, side by side: there may be
 * millions. A guard without keys is a count, which is weighed by whoever raises it.
 */
export function createCovers(
  database: MongodbDatabase,
): (known: ObjectId, raised: ObjectId) => Promise<boolean> {
  const { guardKeys } = database.collections;
  return (known, raised) =>
    database.run(async ({ session }) => {
      const inOrder = {
        session,
        sort: { key: 1 },
        projection: { _id: 0, key: 1 },
        batchSize: 5_000,
      } as const;
      await using knownKeys = guardKeys.find({ guard: known }, inOrder);
      await using raisedKeys = guardKeys.find({ guard: raised }, inOrder);
      return await areAmong(raisedKeys, knownKeys);
    });
}

async function areAmong(
  asked: FindCursor<StoredDocument>,
  known: FindCursor<StoredDocument>,
): Promise<boolean> {
  let reached: Buffer | null = null;
  let isAny = false;
  for await (const row of asked) {
    isAny = true;
    const key = Buffer.from(text(row, 'key'));
    while (reached === null || Buffer.compare(reached, key) < 0) {
      const next = await known.next();
      if (next === null) return false;
      reached = Buffer.from(text(next, 'key'));
    }
    if (!reached.equals(key)) return false;
  }
  return isAny;
}
