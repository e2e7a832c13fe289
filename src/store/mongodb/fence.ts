import { type ClientSession, ObjectId } from 'mongodb';
import type { FencedBy } from '../../protocol/control-store.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { MongodbDatabase } from './database.ts';
import type { MustBeThere } from './must-be-there.ts';
import type { Collections } from './names.ts';
import { isSameSession, type PipelineWriter, type Writers } from './writers.ts';

/** A transaction on behalf of a pipeline. */
export type FencedWrite = <Result>(
  by: FencedBy,
  work: (session: ClientSession) => Promise<Result>,
) => Promise<Result>;

export interface WriteParts {
  readonly database: MongodbDatabase;
  readonly writers: Writers;
  readonly mustBeThere: MustBeThere;
}

/**
 * Each transaction begins by writing the lease's document, on condition that its fence is the newest: so nobody takes the lease in between,
 * and none of it is committed after somebody did. (To read it would not do: a transaction that only reads conflicts with nobody.) Any fence
 * but the newest is refused: a lower one is an old owner's; a higher one means that an older copy of the store was put in its place.
 *
 * What it writes there is a token of its own. Where the answer to a commit was lost, the repeat finds its token, and knows that all of it
 * happened. So each write happens once, also those that count.
 */
export function createFencedWrite(parts: WriteParts): FencedWrite {
  const { database, writers } = parts;
  const { leases } = database.collections;
  return (by, work) =>
    writers.use(by.pipeline, async (writer) => {
      if (writer.announced !== by.fence) await announce(parts, by, writer);
      const token = new ObjectId();
      let found: { readonly result: Awaited<ReturnType<typeof work>> } | null = null;
      const { session } = writer;
      const done = await database.transaction(session, async () => {
        const before = await enter(leases, { by, writer, token });
        if (before === null) return null;
        if (before.equals(token) && found !== null) return found;
        found = { result: await work(session) };
        return found;
      });
      if (done === null) throw await lost(parts, by);
      return done.result;
    });
}

interface Entering {
  readonly by: FencedBy;
  readonly writer: PipelineWriter;
  readonly token: ObjectId;
}

const nothing = new ObjectId('0'.repeat(24));

/** The token that was there before; null when the fence, or the session, is none of the lease's. */
async function enter(
  leases: Collections['leases'],
  { by: { pipeline, fence }, writer: { id, session }, token }: Entering,
): Promise<ObjectId | null> {
  const before = await leases.findOneAndUpdate(
    { _id: pipeline, fence, 'sessions.id': id },
    { $set: { 'sessions.$.write': token } },
    { session, returnDocument: 'before', projection: { sessions: 1 } },
  );
  if (before === null) return null;
  return before.sessions.find((each) => isSameSession(each.id, id))?.write ?? nothing;
}

/** Names the session in the lease's document before its first transaction, or nobody could end one that stops in the middle. */
async function announce(parts: WriteParts, by: FencedBy, writer: PipelineWriter): Promise<void> {
  const { leases } = parts.database.collections;
  const own = { _id: by.pipeline, fence: by.fence };
  const isThere = await parts.database.run(async ({ session }) => {
    const anew = { ...own, 'sessions.id': { $ne: writer.id } };
    const added = { $push: { sessions: { id: writer.id, write: null } } };
    const { matchedCount } = await leases.updateOne(anew, added, { session });
    return matchedCount === 1 || (await leases.countDocuments(own, { session })) === 1;
  });
  if (!isThere) throw await lost(parts, by);
  writer.announced = by.fence;
}

async function lost({ mustBeThere }: WriteParts, { pipeline }: FencedBy): Promise<LockstepError> {
  await mustBeThere();
  return new LockstepError('fence-lost', { pipeline });
}
