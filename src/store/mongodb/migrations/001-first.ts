import { type Db, type IndexDescription, MongoServerError } from 'mongodb';
import { names } from '../names.ts';

type Indexes = Readonly<Record<string, readonly IndexDescription[]>>;

/**
 * Times are milliseconds since 1970; texts compare byte by byte (MongoDB's simple collation), and may be of any length in an index. Each
 * `_id` says nothing where it is not stated here.
 */
const indexes: Indexes = {
  [names.leases]: [], // _id: the pipeline
  [names.pauses]: [], // _id: the pipeline
  [names.connections]: [], // _id: its name; what its URL holds is sealed
  [names.checkpoints]: [{ key: { pipeline: 1, space: 1, name: 1 }, unique: true }],
  [names.deadLetters]: [
    { key: { pipeline: 1, id: 1 }, unique: true },
    { key: { pipeline: 1, collection: 1, key: 1 }, unique: true },
    { key: { pipeline: 1, collection: 1, state: 1 } },
    { key: { pipeline: 1, state: 1 } },
  ],
  // A decision is 'pending' while its keys are being written and 'dropped' while they are being removed; then it counts for nothing.
  [names.guards]: [{ key: { pipeline: 1, collection: 1, state: 1 } }],
  [names.guardKeys]: [{ key: { guard: 1, place: 1 }, unique: true }, { key: { guard: 1, key: 1 } }],
  [names.requests]: [
    { key: { pipeline: 1, id: 1 }, unique: true },
    { key: { pipeline: 1, state: 1, id: 1 } },
  ],
  [names.runs]: [{ key: { pipeline: 1, id: 1 }, unique: true }, { key: { pipeline: 1, result: 1 } }],
};

const namespaceExists = 48;

/** May be repeated, and be under way in several processes at once: what is there stays. Making an index makes its collection. */
export async function first(db: Db): Promise<void> {
  await Promise.all(
    Object.entries(indexes).map(([name, wanted]) =>
      wanted.length > 0 ? db.collection(name).createIndexes([...wanted]) : create(db, name),
    ),
  );
}

async function create(db: Db, name: string): Promise<void> {
  try {
    await db.createCollection(name);
  } catch (thrown) {
    if (!(thrown instanceof MongoServerError && thrown.code === namespaceExists)) throw thrown;
  }
}
