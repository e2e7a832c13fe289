import { randomUUID } from 'node:crypto';
import { MongoServerError } from 'mongodb';
import { isLockstepError, LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { DestinationState, WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import { dropLeftCopies } from '../whole/drop-left.ts';
import { endOtherSessions } from './end-sessions.ts';
import { readStreamState } from './read-state.ts';
import { nameOf } from './slots.ts';
import { pipelineId, slotId } from './state-documents.ts';

const namespaceExists = 48;
const duplicateKey = 11000;
/** How long one attempt waits for an older owner's transactions before it looks for sessions to end again. */
const patienceMs = 1000;

/** Makes our state, ends what an older owner has open, raises the fence. A repeat with the same fence changes nothing. */
export async function attachPipeline(
  destination: Destination,
  options: WriteOptions,
): Promise<DestinationState> {
  reach('destination.attach.before');
  await createState(destination, options);
  const isNew = await introduce(destination, options);
  reach('destination.introduce.after-commit');
  const stateId = await takeOver(destination, options);
  await dropLeftCopies(destination, options);
  reach('destination.attach.after');
  const { lease, signal } = options;
  const state = await readStreamState(destination, { pipeline: lease.pipeline, signal });
  return { isNew, stateId, ...state };
}

function createState({ deployment }: Destination, { signal }: WriteOptions): Promise<void> {
  return deployment.run({ signal }, async (db) => {
    try {
      await db.createCollection(deployment.config.stateCollection, { writeConcern: { w: 'majority' } });
    } catch (thrown) {
      if (!(thrown instanceof MongoServerError && thrown.code === namespaceExists)) throw thrown;
    }
  });
}

/** Whether the pipeline was unknown. */
async function introduce(
  { deployment, state }: Destination,
  { lease, signal }: WriteOptions,
): Promise<boolean> {
  const fresh = { fence: lease.fence, stateId: randomUUID() };
  reach('destination.introduce.before-commit');
  const made = await deployment.run({ signal }, () =>
    state.pipelines.updateOne(
      { _id: pipelineId(lease.pipeline) },
      { $setOnInsert: fresh },
      { upsert: true, writeConcern: { w: 'majority' } },
    ),
  );
  return made.upsertedCount === 1;
}

/** As often as somebody's open transaction stands in its way. Returns what tells our state from another. */
async function takeOver(destination: Destination, options: WriteOptions): Promise<string> {
  const { lease, signal } = options;
  const { pipeline, fence } = lease;
  const older = { '_id.pipeline': pipeline, fence: { $lt: fence } };
  for (;;) {
    await endOtherSessions(destination, { which: older, signal });
    try {
      return await destination.deployment.run({ signal }, () => raise(destination, options));
    } catch (thrown) {
      if (!isLockstepError(thrown, 'statement-timeout')) throw thrown;
      destination.notice({ kind: 'waiting', message: waitingFor(pipeline) });
    }
  }
}

const majority = { writeConcern: { w: 'majority' }, maxTimeMS: patienceMs } as const;

const waitingFor = (pipeline: string): string =>
  `taking over ${pipeline} waits for another engine to end the transaction that holds our state at the destination`;

/**
 * Raises the fence, one document after the other and not in a transaction: one of an owner that dies would hold them for a minute, and
 * nobody could end it, as its session's name would be known only once it is committed. First the pipeline's, so that older owners that
 * attach now fail; then all slots, each of which conflicts with what is open in it and shuts out what comes later; and a last look, as a
 * newer owner may not have seen the slots that we made meanwhile.
 */
async function raise({ state, slots }: Destination, { lease }: WriteOptions): Promise<string> {
  const { pipeline, fence } = lease;
  const notNewer = { $lte: fence };
  const own = { _id: pipelineId(pipeline), fence: notNewer };
  const found = await state.pipelines.findOneAndUpdate(own, { $set: { fence } }, majority);
  if (found === null) throw new LockstepError('fence-lost', { pipeline });
  reach('destination.raise.between');
  const olderSlots = { '_id.pipeline': pipeline, '_id.kind': 'slot', fence: { $lt: fence } } as const;
  await state.slots.updateMany(olderSlots, { $set: { fence } }, majority);
  await takeSlots({ state, slots }, { pipeline, fence });
  const now = await state.pipelines.findOne(own, { readConcern: { level: 'majority' } });
  if (now === null) throw new LockstepError('fence-lost', { pipeline });
  return now.stateId;
}

/** Makes those that are not there. One that is, with an older fence, was just made by somebody who attaches beside us: then once more. */
async function takeSlots(
  { state, slots }: Pick<Destination, 'state' | 'slots'>,
  { pipeline, fence }: Pick<WriteOptions['lease'], 'pipeline' | 'fence'>,
): Promise<void> {
  const ours = slots.all.map((slot) => ({
    updateOne: {
      filter: { _id: slotId(pipeline, slot.number), fence: { $lte: fence } },
      update: { $set: { fence, session: nameOf(slot) }, $setOnInsert: { transaction: null } },
      upsert: true,
    },
  }));
  const newer = { '_id.pipeline': pipeline, '_id.kind': 'slot', fence: { $gt: fence } } as const;
  for (;;) {
    try {
      await state.slots.bulkWrite(ours, majority);
      return;
    } catch (thrown) {
      if (!(thrown instanceof MongoServerError && thrown.code === duplicateKey)) throw thrown;
      if ((await state.slots.findOne(newer)) !== null) throw new LockstepError('fence-lost', { pipeline });
    }
  }
}
