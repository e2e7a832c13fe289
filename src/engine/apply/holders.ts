import type { Change } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';
import type { Row } from '../../protocol/value.ts';
import type { CollectionWork } from '../walk/collection-work.ts';
import { readChanges } from './read-changes.ts';

type Upsert = Change & { readonly kind: 'upsert' };

/** A longer chain of rows that block each other than this is not followed: it has to fit into memory and one transaction. */
const mostInGroups = 20_000;
const keysPerRead = 500;

/**
 * Changes in groups that block each other: each together with the changes of the keys that hold its unique values now, or that it
 * refers to in the same collection, and so on, whether these were given or not. Keys that need no change stay where they are, and so do
 * those that would leave: whether they may is not decided here. Groups keep the changes' order.
 */
export async function groupByBlockers(
  work: CollectionWork,
  changes: readonly Change[],
): Promise<readonly (readonly Change[])[]> {
  const known = new Map(changes.map((change) => [change.key, change]));
  const links: (readonly [Key, Key])[] = [];
  let fresh = changes.filter(isUpsert);
  while (fresh.length > 0 && known.size <= mostInGroups) {
    const found = await blockersOf(work, fresh);
    links.push(...found);
    const unknown = new Set(found.map(([, blocker]) => blocker).filter((key) => !known.has(key)));
    fresh = await readUpserts(work, [...unknown]);
    for (const change of fresh) known.set(change.key, change);
  }
  const groups = new KeyGroups([...known.keys()]);
  for (const [key, blocker] of links) groups.join(key, blocker);
  return [...Map.groupBy(known.values(), ({ key }) => groups.leaderOf(key)).values()];
}

const isUpsert = (change: Change): change is Upsert => change.kind === 'upsert';

async function readUpserts(work: CollectionWork, keys: readonly Key[]): Promise<Upsert[]> {
  const upserts: Upsert[] = [];
  for (let start = 0; start < keys.length; start += keysPerRead)
    upserts.push(...(await readChanges(work, keys.slice(start, start + keysPerRead))).filter(isUpsert));
  return upserts;
}

/** Pairs of a key and one that it may have to wait for. */
async function blockersOf(
  work: CollectionWork,
  upserts: readonly Upsert[],
): Promise<readonly (readonly [Key, Key])[]> {
  const { target, context } = work;
  const holders = await target.holders(
    upserts.map(({ row }) => row),
    { signal: context.signal },
  );
  return upserts.flatMap(({ key, row }, index) =>
    [...(holders[index] ?? []).map((holder) => holder.key), ...referredTo(work, row)].map(
      (blocker) => [key, blocker] as const,
    ),
  );
}

/** Keys of the same collection that a row refers to. */
function referredTo({ target, plan }: CollectionWork, row: Row): readonly Key[] {
  return target.shape.references.flatMap(({ collection, columns, referencedColumns }) => {
    if (collection !== plan.target) return [];
    const pairs = plan.key.map((column) => [column, columns[referencedColumns.indexOf(column)]] as const);
    const referred: Row = Object.fromEntries(
      pairs.flatMap(([column, from]) => (from === undefined ? [] : [[column, row[from] ?? null]])),
    );
    const isWhole = plan.key.every((column) => (referred[column] ?? null) !== null);
    return isWhole ? [target.keyOf(referred)] : [];
  });
}

/** Which keys belong together (union-find with path halving). Keys that were not given at the start are ignored. */
export class KeyGroups {
  readonly #parent: Map<Key, Key>;

  constructor(keys: readonly Key[]) {
    this.#parent = new Map(keys.map((key) => [key, key]));
  }

  join(a: Key, b: Key): void {
    if (!this.#parent.has(a) || !this.#parent.has(b)) return;
    this.#parent.set(this.leaderOf(b), this.leaderOf(a));
  }

  leaderOf(key: Key): Key {
    let current = key;
    for (;;) {
      const parent = this.#parent.get(current) ?? current;
      if (parent === current) return current;
      const grandparent = this.#parent.get(parent) ?? parent;
      this.#parent.set(current, grandparent);
      current = grandparent;
    }
  }
}
