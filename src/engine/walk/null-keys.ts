import { keyNull } from '../../protocol/key-null.ts';
import type { Selection } from '../../protocol/selection.ts';
import type { Shape } from '../../protocol/shape.ts';
import type { CollectionWork } from './collection-work.ts';
import { retrying } from './retrying.ts';

interface Side {
  readonly selection: Selection;
  readonly keyColumns: readonly string[];
}

/**
 * A row with a null in its key can't be told apart from others, nor found again: who has one at either side is told so before anything is
 * compared or copied. Asks only where a column of the key may be null.
 */
export async function refuseNullKeys(work: CollectionWork): Promise<void> {
  const { context, plan, target, moment, targetReads, source } = work;
  const { signal } = context;
  const ours = doubtful(source, plan.sourceShape);
  if (ours.length > 0) {
    const read = { selection: source.selection, columns: ours, signal };
    const found = await retrying(context, { what: `look for keys in ${plan.name}`, signal }, () =>
      moment.read(signal, async (snapshot) => (await snapshot.firstNull?.(plan.source, read)) ?? null),
    );
    if (found !== null) throw keyNull(plan.name, found, 'source');
  }
  // What is there besides may be whatever it is.
  if (plan.leaving.kind === 'keep') return;
  const there = target.comparison();
  const theirs = doubtful(there, target.shape);
  if (theirs.length === 0) return;
  const read = { selection: there.selection, columns: theirs, signal };
  const found = await retrying(context, { what: `look for keys in ${plan.target}`, signal }, async () => {
    return (await targetReads.firstNull?.(plan.target, read)) ?? null;
  });
  if (found !== null) throw keyNull(plan.name, found, 'target');
}

/** Columns of the key that the database itself does not keep from being null. */
function doubtful({ selection, keyColumns }: Side, shape: Shape): readonly string[] {
  const whole = new Set(shape.columns.filter(({ nullable }) => !nullable).map(({ name }) => name));
  return keyColumns.filter((key) => {
    const from = selection.columns.find(({ name }) => name === key)?.from;
    return from === undefined || !('column' in from) || !whole.has(from.column);
  });
}
