import type { Chunk } from '../../../../protocol/chunk.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { GenerationId } from '../../../../protocol/generation.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import { type KeptKind, keptName } from '../../kept-names.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model.ts';
import { requireFence } from '../state/read-state.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { inTransactions } from '../write/in-transactions.ts';
import { insertRaw } from '../write/insert-raw.ts';
import { rawBatches } from '../write/raw-batches.ts';
import { buildIndexes, createAlike, looksOf, requireAlike } from './alike.ts';
import { dropKept } from './clean-up.ts';
import { collectionId } from './collection-id.ts';
import type { KeptCollection } from './journal.ts';

export interface Place extends WriteOptions {
  readonly generation: GenerationId;
  readonly place: number;
}

interface FillRequest extends Place {
  readonly model: TargetModel;
  readonly chunks: AsyncIterable<Chunk>;
}

/**
 * A collection with all documents, made as the target is: every batch in a transaction with the fence, then its indexes. The validator is there
 * from the start: what it refuses is not let in here either.
 */
export async function fillStaging(
  destination: Destination,
  { model, chunks, ...request }: FillRequest,
): Promise<{ readonly staging: KeptCollection; readonly rows: number }> {
  const { signal } = request;
  const target = model.collection;
  const looks = await requireLooks(destination, target, signal);
  const staging = await makeKept(destination, { ...request, kind: 'staging', target, validates: true });
  const batches = inTransactions(
    destination,
    { ...model, collection: staging.name, scope: null, counted: {} },
    {
      ...request,
      batches: rawBatches(chunks, model.form),
      before: 'generation.stage.before-commit',
      after: 'generation.stage.after-commit',
      work: insertRaw,
    },
  );
  let rows = 0;
  for await (const count of batches) rows += count;
  await buildIndexes(destination, { name: staging.name, looks, signal });
  await requireAlike(destination, { name: staging.name, target, signal });
  await requireStill(destination, staging, signal);
  return { staging, rows };
}

export async function requireLooks({ deployment }: Destination, target: string, signal: AbortSignal) {
  const looks = await looksOf(deployment, target, { signal });
  if (looks !== null) return looks;
  throw new LockstepError('collection-unknown', { side: 'destination', collection: target, nearest: '' });
}

export interface MakeRequest extends Place {
  readonly kind: KeptKind;
  readonly target: string;
  readonly validates: boolean;
}

/** An empty one; what an earlier attempt of ours left under its name goes. */
export async function makeKept(
  destination: Destination,
  { kind, target, validates, generation, place, ...options }: MakeRequest,
): Promise<KeptCollection> {
  const { pipeline, fence } = options.lease;
  const { signal } = options;
  const name = keptName({ kind, pipeline, fence, generation, place });
  const looks = await requireLooks(destination, target, signal);
  await requireFence(destination, options);
  await dropKept(destination, { name, signal });
  await writeTransaction(destination, { ...options, makes: true, collection: name }, async (session) => {
    await createAlike(destination, { name, looks, session, validates, signal });
    reach('generation.make.before-commit');
  });
  reach('generation.make.after-commit');
  return await requireKept(destination, name, signal);
}

/** As it is now. */
export async function requireKept(
  { deployment }: Destination,
  name: string,
  signal: AbortSignal,
): Promise<KeptCollection> {
  const id = await collectionId(deployment, name, { signal });
  if (id !== null) return { name, id };
  throw new LockstepError('collection-gone', { collection: name });
}

/** Inserting makes a collection anew that somebody has dropped meanwhile. */
export async function requireStill(
  destination: Destination,
  kept: KeptCollection,
  signal: AbortSignal,
): Promise<void> {
  const now = await requireKept(destination, kept.name, signal);
  if (!now.id.equals(kept.id)) throw new LockstepError('collection-gone', { collection: kept.name });
}
