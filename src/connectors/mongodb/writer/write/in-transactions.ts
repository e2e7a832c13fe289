import { type Failpoint, reach } from '../../../../protocol/failpoints.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import type { BringIn } from './write.ts';

export interface InTransactions<Batch, Result> extends WriteOptions {
  readonly batches: AsyncIterable<Batch>;
  readonly before: Failpoint;
  readonly after: Failpoint;
  readonly work: (into: BringIn, batch: Batch) => Promise<Result>;
}

/** A transaction per batch; what each came to. */
export async function* inTransactions<Batch, Result>(
  destination: Destination,
  model: TargetModel,
  { batches, before, after, work, ...options }: InTransactions<Batch, Result>,
): AsyncIterable<Result> {
  const { collection } = model;
  const { signal } = options;
  const { deployment } = destination;
  for await (const batch of batches) {
    const result = await writeTransaction(destination, { ...options, collection }, async (session) => {
      const result = await work({ deployment, model, session, signal }, batch);
      reach(before);
      return result;
    });
    reach(after);
    yield result;
  }
}
