import type { Change } from '../../../../protocol/change.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import type { BringIn } from './write.ts';

type Apply = (into: BringIn, changes: readonly Change[]) => Promise<readonly Outcome[]>;

/**
 * Some changes in one transaction. One document that is refused ends it at the server, so nothing is found out within it: it throws, and
 * nothing is written.
 */
export async function inOneTransaction(
  destination: Destination,
  model: TargetModel,
  { changes, how, ...options }: WriteOptions & { readonly changes: readonly Change[]; readonly how: Apply },
): Promise<readonly Outcome[]> {
  const { deployment } = destination;
  const { collection } = model;
  const outcomes = await writeTransaction(destination, { ...options, collection }, async (session) => {
    const outcomes = await how({ deployment, model, session, signal: options.signal }, changes);
    reach('destination.apply.before-commit');
    return outcomes;
  });
  reach('destination.apply.after-commit');
  return outcomes;
}
