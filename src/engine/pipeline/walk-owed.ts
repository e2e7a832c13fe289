import type { StreamCollection } from '../stream/collection.ts';
import type { Told } from '../stream/intake.ts';
import type { Walks } from './walks.ts';

interface OwedParts {
  readonly collections: ReadonlyMap<string, StreamCollection>;
  readonly walks: Walks;
}

/** The next run may be another process, or have another feed: neither would be told of other rows again. Shapes it looks at by itself. */
export async function walkOwed(owed: Iterable<Told>, { collections, walks }: OwedParts): Promise<void> {
  for (const told of owed) {
    const found = otherRows(told);
    if (found === null) continue;
    const names = (found.names ?? [...collections.keys()]).filter((name) => collections.has(name));
    await walks.add(names, { reason: found.reason, fills: false });
  }
}

/** Null: it tells of something else. `names` null: of all collections. */
function otherRows(told: Told): { readonly names: readonly string[] | null; readonly reason: string } | null {
  if (told.kind === 'gap') return { names: told.collections, reason: told.gap.reason };
  const { event, collections } = told.barrier;
  return event.kind === 'compare' ? { names: collections, reason: event.detail } : null;
}
