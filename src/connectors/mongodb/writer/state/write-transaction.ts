import { type ClientSession, type Document, MongoError, type TransactionOptions, UUID } from 'mongodb';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import type { Slot } from './slots.ts';
import { pipelineId, slotId } from './state-documents.ts';

export interface WriteTransactionOptions extends WriteOptions {
  /** Names the collection in errors. */
  readonly collection?: string;
  /** Making collections needs it; everything else sees one moment. */
  readonly makes?: boolean;
  /** Updates of our state that go with it, one document each. */
  readonly state?: readonly Document[];
}

/** Of commits whose answer was lost; the driver itself repeats each once. */
const commitAttempts = 5;

/** For the member that answers to make sure that it is still the one that takes writes. */
const linearizableMs = 10_000;

/** One transaction, confirmed by a majority, that writes only while its fence is the newest that the destination has seen. */
export function writeTransaction<Result>(
  destination: Destination,
  request: WriteTransactionOptions,
  work: (session: ClientSession) => Promise<Result>,
): Promise<Result> {
  const { deployment, slots } = destination;
  return slots.use(request.signal, (slot) =>
    deployment.run(request, () => {
      const ours = { ...request, transaction: new UUID() };
      const options = {
        makes: request.makes ?? false,
        end: () =>
          commit(slot.session, {
            signal: request.signal,
            wasCommitted: () => wasCommitted(destination, slot, ours),
          }),
      };
      return inTransaction(slot.session, options, async () => {
        await enterSlot(destination, slot, ours);
        return work(slot.session);
      });
    }),
  );
}

/** A transaction that is taken back whatever comes of it; so it looks at no fence. */
export function trialTransaction<Result>(
  { deployment, slots }: Destination,
  request: Pick<WriteOptions, 'signal'>,
  work: (session: ClientSession) => Promise<Result>,
): Promise<Result> {
  return slots.use(request.signal, ({ session }) =>
    deployment.run(request, () =>
      inTransaction(session, { makes: false, end: () => session.abortTransaction() }, () => work(session)),
    ),
  );
}

interface TransactionRequest {
  readonly makes: boolean;
  readonly end: () => Promise<void>;
}

/** The driver ends a transaction that a failed commit may have left open when the session begins another. */
async function inTransaction<Result>(
  session: ClientSession,
  { makes, end }: TransactionRequest,
  work: () => Promise<Result>,
): Promise<Result> {
  const options: TransactionOptions = {
    readConcern: { level: makes ? 'local' : 'snapshot' },
    writeConcern: { w: 'majority' },
    readPreference: 'primary',
  };
  session.startTransaction(options);
  try {
    const result = await work();
    await end();
    return result;
  } catch (thrown) {
    if (session.inTransaction()) await session.abortTransaction();
    throw thrown;
  }
}

interface CommitRequest {
  readonly signal: AbortSignal;
  readonly wasCommitted: () => Promise<boolean>;
}

/**
 * A commit whose answer was lost is asked for again: who has committed already says so. Where nobody knows of the transaction any more, or
 * nothing but failures come, what it was to write into our state tells whether it happened.
 */
async function commit(session: ClientSession, { signal, wasCommitted }: CommitRequest): Promise<void> {
  let isUnsure = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await session.commitTransaction();
    } catch (thrown) {
      const isUnknown =
        thrown instanceof MongoError && thrown.hasErrorLabel('UnknownTransactionCommitResult');
      isUnsure ||= isUnknown;
      signal.throwIfAborted();
      if (isUnknown && attempt < commitAttempts) continue;
      if (isUnsure && (await wasCommitted())) return;
      throw thrown;
    }
  }
}

type SlotRequest = WriteTransactionOptions & { readonly transaction: UUID };

async function enterSlot(
  { state, deployment }: Destination,
  { number, session }: Slot,
  { lease, signal, transaction, state: more = [] }: SlotRequest,
): Promise<void> {
  const { pipeline, fence } = lease;
  const own = { q: { _id: slotId(pipeline, number), fence }, u: { $set: { transaction } } };
  const { stateCollection } = deployment.config;
  const updates = [own, ...more];
  const reply = await deployment.db.command({ update: stateCollection, updates }, { session });
  const [refusal] = reply['writeErrors'] ?? [];
  if (refusal !== undefined) throw deployment.refusal(refusal, stateCollection);
  if (reply['n'] === updates.length) return;
  const known = await state.pipelines.findOne({ _id: pipelineId(pipeline) }, { session, signal });
  if (known !== null) throw new LockstepError('fence-lost', { pipeline });
  const detail = `its state of the pipeline ${pipeline} at ${deployment.endpoint.address} is gone`;
  throw new LockstepError('destination-restored', { detail });
}

/** A read at majority would do on the member that took the commit; on one that has just taken over it may show an older moment. */
async function wasCommitted(
  { state }: Destination,
  { number }: Slot,
  { lease, transaction }: SlotRequest,
): Promise<boolean> {
  const found = await state.slots.findOne(
    { _id: slotId(lease.pipeline, number) },
    { readConcern: { level: 'linearizable' }, maxTimeMS: linearizableMs },
  );
  return found?.transaction?.equals(transaction) ?? false;
}
