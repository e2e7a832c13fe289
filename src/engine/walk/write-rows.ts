import type { Change } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';
import { type Applied, applySplitting } from '../apply/apply-splitting.ts';
import { type Letter, parkLetters } from '../apply/dead-letters.ts';
import { tellKeys } from '../apply/tell-keys.ts';
import type { CollectionWork } from './collection-work.ts';
import type { Confirmed } from './confirm.ts';
import { leaseOf } from './context.ts';
import { retrying } from './retrying.ts';

/** Keys that another key can cure: tried again when everything else is written. */
export interface DeferredKeys {
  add(keys: readonly Key[]): Promise<void>;
}

/**
 * Writes some changes of one collection and sees to what becomes of each: counted, deferred, or parked as a dead letter. A transient
 * failure repeats the whole, which is harmless: what is written already comes out `unchanged`.
 */
export async function writeChanges(
  work: CollectionWork,
  changes: readonly Change[],
  { deferred, signal }: { readonly deferred: DeferredKeys; readonly signal: AbortSignal },
): Promise<void> {
  const { context, target, plan } = work;
  const options = { lease: leaseOf(context), signal };
  const applied = await retrying(context, { what: `write ${plan.name}`, signal }, () =>
    applySplitting(target, changes, options),
  );
  await settleOutcomes(work, applied, deferred);
}

/** What becomes of each change is counted and told; what another key can cure waits, and what can't be written gets its letter. */
export async function settleOutcomes(
  { context, plan, tally }: CollectionWork,
  applied: readonly Applied[],
  deferred: DeferredKeys,
): Promise<void> {
  for (const { outcome } of applied) tally.addOutcome(outcome.kind);
  const [done, outcomes] = [applied.map(({ change }) => change), applied.map(({ outcome }) => outcome)];
  tellKeys({ context, collection: plan.name }, done, outcomes);
  await deferred.add(applied.filter(isDeferred).map(({ change }) => change.key));
  await parkLetters(context, plan.name, applied.flatMap(toLetter(plan.name)));
}

/** Keys that were looked at and can't be written: a stranger's row has them, or the source's row can't be read or mapped. */
export async function parkRefused(
  { context, plan, tally }: CollectionWork,
  { clashes, unmappable }: Pick<Confirmed, 'clashes' | 'unmappable'>,
): Promise<void> {
  tally.clashes += clashes.length;
  await parkLetters(context, plan.name, [
    ...clashes.map((key) => clashLetter(plan.name, key)),
    ...unmappable.map(({ key, error }) => ({ key, code: error.code, message: error.message })),
  ]);
}

const isDeferred = ({ outcome }: Applied): boolean =>
  outcome.kind === 'failed' && outcome.error.class === 'deferred';

const toLetter =
  (collection: string) =>
  ({ change, outcome }: Applied): readonly Letter[] => {
    if (outcome.kind === 'clash') return [clashLetter(collection, change.key)];
    if (outcome.kind !== 'failed' || outcome.error.class === 'deferred') return [];
    return [{ key: change.key, code: outcome.error.code, message: outcome.error.message }];
  };

export const clashLetter = (collection: string, key: Key): Letter => ({
  key,
  code: 'key-clash',
  message: `${collection}: a row that is not ours has this key`,
});
