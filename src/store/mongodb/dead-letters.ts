import type { DeadLetterStore } from '../../protocol/control-store.ts';
import type { Key } from '../../protocol/names.ts';
import type { MongodbDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import { createPut } from './letter-put.ts';
import { createSealing } from './letter-sealing.ts';
import { portionsOfKeys } from './portions.ts';
import { toLetter } from './records.ts';
import { text } from './row.ts';

export function createDeadLetterStore(database: MongodbDatabase, write: FencedWrite): DeadLetterStore {
  const put = createPut(database.collections);
  const { deadLetters } = database.collections;
  return {
    put: (by, letters, limit) =>
      write(by, async (session) => ({ full: !(await put(session, { by, letters, limit })) })),
    resolve: (by, collection, keys) =>
      write(by, async (session) => {
        let resolved = 0;
        for (const portion of portionsOfKeys(keys)) {
          const gone = { pipeline: by.pipeline, collection, key: { $in: portion } };
          resolved += (await deadLetters.deleteMany(gone, { session })).deletedCount;
        }
        return resolved;
      }),
    ...createQueries(database),
    ...createSealing(database),
  };
}

function createQueries(
  database: MongodbDatabase,
): Omit<DeadLetterStore, 'put' | 'resolve' | keyof ReturnType<typeof createSealing>> {
  const { deadLetters, leases } = database.collections;
  const run: MongodbDatabase['run'] = (work) => database.run(work);
  return {
    count: (pipeline, collection = undefined, state = 'parked') =>
      run(({ session }) =>
        deadLetters.countDocuments(
          {
            pipeline,
            ...(collection === undefined ? {} : { collection }),
            ...(state === 'any' ? {} : { state }),
          },
          { session },
        ),
      ),
    list: (pipeline, { collection, afterId = 0, limit, state }) =>
      run(async ({ session }) => {
        const which = {
          pipeline,
          id: { $gt: afterId },
          ...(collection === undefined ? {} : { collection }),
          ...(state === undefined ? {} : { state }),
        };
        const rows = await deadLetters.find(which, { session, sort: { id: 1 }, limit }).toArray();
        return rows.map(toLetter);
      }),
    get: (pipeline, id) =>
      run(async ({ session }) => {
        const row = await deadLetters.findOne({ pipeline, id }, { session });
        return row === null ? null : toLetter(row);
      }),
    newest: (pipeline) =>
      run(async ({ session }) => (await leases.findOne({ _id: pipeline }, { session }))?.newest_letter ?? 0),
    having: (pipeline, collection, keys) =>
      run(async ({ session }) => {
        const found = new Set<Key>();
        for (const portion of portionsOfKeys(keys)) {
          const which = { pipeline, collection, key: { $in: portion } };
          const rows = deadLetters.find(which, { session, projection: { key: 1 } });
          for await (const row of rows) found.add(text(row, 'key'));
        }
        return found;
      }),
  };
}
