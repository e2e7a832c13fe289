import { Binary, ObjectId } from 'mongodb';
import type { ConnectionStore } from '../../protocol/control-store.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { MongodbDatabase } from './database.ts';
import type { WriteParts } from './fence.ts';
import type { StoredDocument } from './names.ts';
import { toConnection } from './records.ts';

/** Each method writes one document, without a transaction that somebody who dies would leave open. The `_id` is the name. */
export function createConnectionStore({ database, mustBeThere }: WriteParts): ConnectionStore {
  const { connections } = database.collections;
  return {
    put: async ({ name, sealed, savedAtMs }) => {
      reach('connection.put.before');
      await mustBeThere();
      const kept = { sealed: new Binary(sealed), saved_at_ms: savedAtMs };
      await database.run(({ session }) =>
        connections.replaceOne({ _id: name }, kept, { session, upsert: true }),
      );
      reach('connection.put.after');
    },
    get: async (name) => {
      const row = await database.run(({ session }) => connections.findOne({ _id: name }, { session }));
      if (row === null) await mustBeThere();
      return row === null ? null : read(row);
    },
    list: async () => {
      const rows = await database.run(({ session }) =>
        connections.find({}, { session, sort: { _id: 1 } }).toArray(),
      );
      if (rows.length === 0) await mustBeThere();
      return rows.map(read);
    },
    remove: createRemove(database),
    reseal: createReseal(database),
  };
}

/** Marked first, so that a repeat whose answer was lost knows that it was there; what was put in between stays. */
function createRemove(database: MongodbDatabase): ConnectionStore['remove'] {
  const { connections } = database.collections;
  return async (name) => {
    reach('connection.remove.before');
    const removal = new ObjectId();
    const { matchedCount } = await database.run(({ session }) =>
      connections.updateOne({ _id: name }, { $set: { removal } }, { session }),
    );
    await database.run(({ session }) => connections.deleteOne({ _id: name, removal }, { session }));
    reach('connection.remove.after');
    return matchedCount === 1;
  };
}

/** A repeat whose first answer was lost finds it sealed as it wants it. */
function createReseal(database: MongodbDatabase): ConnectionStore['reseal'] {
  const { connections } = database.collections;
  return async ({ name, was, sealed }) => {
    reach('connection.reseal.before');
    const [before, anew] = [new Binary(was), new Binary(sealed)];
    let attempts = 0;
    const isReplaced = await database.run(async ({ session }) => {
      attempts += 1;
      const own = { _id: name, sealed: before };
      const { matchedCount } = await connections.updateOne(own, { $set: { sealed: anew } }, { session });
      if (matchedCount === 1 || attempts === 1) return matchedCount === 1;
      return (await connections.countDocuments({ _id: name, sealed: anew }, { session })) === 1;
    });
    reach('connection.reseal.after');
    return isReplaced;
  };
}

const read = ({ _id: name, ...row }: StoredDocument) => toConnection({ ...row, name });
