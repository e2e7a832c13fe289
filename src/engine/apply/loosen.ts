import type { Change } from '../../protocol/change.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Row } from '../../protocol/value.ts';
import type { CollectionWork } from '../walk/collection-work.ts';
import { leaseOf } from '../walk/context.ts';
import { retrying } from '../walk/retrying.ts';
import { applySplitting } from './apply-splitting.ts';

/**
 * Rows of several collections that refer to each other in a circle: none can be first, and none can leave first. Those whose reference
 * may be null break the circle: new ones go in without it, and ones that leave give it up. For that moment such a row is
 * not yet what it will be; the rounds that follow make it so, or the next pass does.
 */
export async function loosen(work: CollectionWork, changes: readonly Change[]): Promise<void> {
  const loose = looseColumns(work.plan);
  if (loose.length === 0) return;
  const { context, plan, target, tally } = work;
  const { signal } = context;
  const applied = await retrying(context, { what: `write ${plan.name}`, signal }, async () => {
    const loosened = await loosenedChanges(work, changes, nullsOf(loose));
    return applySplitting(target, loosened, { lease: leaseOf(context), signal });
  });
  for (const { outcome } of applied) if (outcome.kind === 'inserted') tally.addOutcome(outcome.kind);
}

/** Target columns by which rows refer to other collections and that may be null for a moment. */
export function looseColumns({
  target,
  targetShape,
  columns,
  key,
  leaving,
}: CollectionPlan): readonly string[] {
  if (targetShape === null || (leaving.kind !== 'delete' && leaving.kind !== 'keep')) return [];
  const mapped = new Set(columns.map((column) => column.target));
  const referring = new Set(
    targetShape.references
      .filter(({ collection }) => collection !== target)
      .flatMap((reference) => reference.columns),
  );
  return targetShape.columns
    .filter(
      ({ name, nullable, generated }) => nullable && !generated && mapped.has(name) && referring.has(name),
    )
    .map(({ name }) => name)
    .filter((name) => !key.includes(name));
}

const nullsOf = (columns: readonly string[]): Row => Object.fromEntries(columns.map((name) => [name, null]));

/** Rows that are there and stay are left as they are. */
async function loosenedChanges(
  { target, context }: CollectionWork,
  changes: readonly Change[],
  nulls: Row,
): Promise<readonly Change[]> {
  const present = await target.present(
    changes.map(({ key }) => key),
    { signal: context.signal },
  );
  return changes.flatMap((change): readonly Change[] => {
    const { key } = change;
    if (change.kind === 'leave') return present.has(key) ? [{ kind: 'patch', key, row: nulls }] : [];
    return present.has(key) ? [] : [{ ...change, row: { ...change.row, ...nulls } }];
  });
}
