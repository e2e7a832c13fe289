import { ObjectId } from 'mongodb';
import type { FencedBy, GuardStore } from '../../protocol/control-store.ts';
import { inPortions } from '../records/in-portions.ts';
import type { MongodbDatabase } from './database.ts';
import type { FencedWrite } from './fence.ts';
import { createCovers } from './guard-covers.ts';
import { dropped, stands } from './guard-states.ts';
import { createSweep } from './guard-sweep.ts';

type RaisedGuard = Parameters<GuardStore['raise']>[1];

interface Raised {
  readonly by: FencedBy;
  readonly id: ObjectId;
  readonly collection: string;
}

export function createRaise(database: MongodbDatabase, write: FencedWrite): GuardStore['raise'] {
  const { guardKeys } = database.collections;
  const begin = createBegin(database, write);
  const decide = createDecide(database, write);
  const sweep = createSweep(database);
  return async (by, guard, keys) => {
    const id = await begin(by, guard);
    let place = 0;
    for await (const page of inPortions(keys)) {
      const documents = page.map((key, index) => ({ guard: id, place: place + index, key }));
      await write(by, (session) => guardKeys.insertMany(documents, { session }));
      place += page.length;
    }
    await decide({ by, id, collection: guard.collection });
    await sweep(by.pipeline);
  };
}

function createBegin(
  database: MongodbDatabase,
  write: FencedWrite,
): (by: FencedBy, guard: RaisedGuard) => Promise<ObjectId> {
  const { guards } = database.collections;
  return (by, { collection, leaving, total, samples, raisedAtMs }) => {
    const { pipeline } = by;
    return write(by, async (session) => {
      await guards.updateMany({ pipeline, collection, state: 'pending' }, dropped, { session });
      const _id = new ObjectId();
      const figures = { leaving, total, samples: JSON.stringify(samples), raised_at_ms: raisedAtMs };
      const raised = { _id, pipeline, collection, state: 'pending', ...figures, approved_at_ms: null };
      await guards.insertOne(raised, { session });
      return _id;
    });
  };
}

/**
 * The comparison with what was approved takes long for many keys, so it is made before anything is written, and made again when that
 * changed. An approval that comes in between is written to the same document as our decision about it, so that one of both is repeated.
 */
function createDecide(database: MongodbDatabase, write: FencedWrite): (raised: Raised) => Promise<void> {
  const { guards } = database.collections;
  const covers = createCovers(database);

  const compare = async ({ by, id, collection }: Raised) => {
    const which = { pipeline: by.pipeline, collection, state: 'approved' };
    const found = await database.run(({ session }) => guards.findOne(which, { session }));
    if (found === null) return { approved: null, isCovered: false };
    return { approved: found._id, isCovered: await covers(found._id, id) };
  };

  return async (raised) => {
    const { by, id, collection } = raised;
    for (let isDecided = false; !isDecided; ) {
      const { approved, isCovered } = await compare(raised);
      isDecided = await write(by, async (session) => {
        const now = await guards.findOne({ pipeline: by.pipeline, collection, ...stands }, { session });
        const approvedNow = now?.['state'] === 'approved' ? now._id : null;
        if (String(approvedNow) !== String(approved)) return false;
        const gone = isCovered ? id : now?._id;
        if (gone !== undefined) await guards.updateOne({ _id: gone }, dropped, { session });
        const waits = { $set: { state: 'waiting' } };
        if (!isCovered) await guards.updateOne({ _id: id }, waits, { session });
        return true;
      });
    }
  };
}
