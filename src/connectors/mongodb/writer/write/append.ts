import type { Chunk } from '../../../../protocol/chunk.ts';
import type { WriteCounts } from '../../../../protocol/outcome.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model.ts';
import { recordOwned } from '../owned/record-owned.ts';
import { inBatches } from './batches.ts';
import { insert, type KeyedDocument } from './bring-in.ts';
import { inTransactions } from './in-transactions.ts';
import { insertRaw } from './insert-raw.ts';
import { rawBatches } from './raw-batches.ts';

type Appending = WriteOptions & { readonly chunks: AsyncIterable<Chunk> };

const failpoints = {
  before: 'destination.append.before-commit',
  after: 'destination.append.after-commit',
} as const;

/** Inserts without looking. A key that is there refuses its batch. */
export async function append(
  destination: Destination,
  model: TargetModel,
  request: Appending,
): Promise<WriteCounts> {
  const isRaw = model.form.fields === null && model.owned === null;
  let inserted = 0;
  for await (const count of isRaw
    ? appendRaw(destination, model, request)
    : appendKeyed(destination, model, request))
    inserted += count;
  return { inserted, updated: 0, unchanged: 0, clashes: 0 };
}

/** Whole documents that need no note of whose they are go on as they came. */
function appendRaw(
  destination: Destination,
  model: TargetModel,
  { chunks, ...options }: Appending,
): AsyncIterable<number> {
  const batches = rawBatches(chunks, model.form);
  return inTransactions(destination, model, { ...options, ...failpoints, batches, work: insertRaw });
}

function appendKeyed(
  destination: Destination,
  model: TargetModel,
  { chunks, ...options }: Appending,
): AsyncIterable<number> {
  const batches = inBatches(chunks, model.form);
  return inTransactions(destination, model, {
    ...options,
    ...failpoints,
    batches,
    work: async (into, batch: readonly KeyedDocument[]) => {
      await insert(into, batch);
      const keys = batch.map(({ key }) => key);
      const outcomes = keys.map(() => ({ kind: 'inserted' as const }));
      await recordOwned(into.deployment, model, { keys, outcomes, session: into.session });
      return batch.length;
    },
  });
}
