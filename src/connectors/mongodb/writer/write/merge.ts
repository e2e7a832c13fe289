import type { Chunk } from '../../../../protocol/chunk.ts';
import type { OutcomeKind, WriteCounts } from '../../../../protocol/outcome.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model.ts';
import { inBatches } from './batches.ts';
import { bringIn } from './bring-in.ts';
import { inTransactions } from './in-transactions.ts';

/** Inserts and replaces what differs. */
export async function merge(
  destination: Destination,
  model: TargetModel,
  { chunks, ...options }: WriteOptions & { readonly chunks: AsyncIterable<Chunk> },
): Promise<WriteCounts> {
  const batches = inTransactions(destination, model, {
    ...options,
    batches: inBatches(chunks, model.form),
    before: 'destination.merge.before-commit',
    after: 'destination.merge.after-commit',
    work: bringIn,
  });
  const counts = new Map<OutcomeKind, number>();
  for await (const outcomes of batches)
    for (const { kind } of outcomes) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return {
    inserted: counts.get('inserted') ?? 0,
    updated: counts.get('updated') ?? 0,
    unchanged: counts.get('unchanged') ?? 0,
    clashes: counts.get('clash') ?? 0,
  };
}
