import type { Change } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';
import type { CollectionWork } from '../walk/collection-work.ts';

/**
 * Changes in groups that block each other: each together with the changes of the keys that hold its unique values now. Keys that hold a
 * value and are not among the changes stay where they are; their group fails as it should. Groups keep the changes' order.
 */
export async function groupByHolders(
  work: CollectionWork,
  changes: readonly Change[],
): Promise<readonly (readonly Change[])[]> {
  const upserts = changes.filter((change) => change.kind === 'upsert');
  const holders = await work.target.holders(
    upserts.map(({ row }) => row),
    { signal: work.context.signal },
  );
  const groups = new KeyGroups(changes.map(({ key }) => key));
  upserts.forEach(({ key }, index) => {
    for (const holder of holders[index] ?? []) groups.join(key, holder);
  });
  return [...Map.groupBy(changes, ({ key }) => groups.leaderOf(key)).values()];
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
