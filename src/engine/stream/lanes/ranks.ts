import type { Target } from '../../../protocol/writer.ts';

/** How deep a target stands below those that its rows refer to; null: its rows refer to each other, so that no two of them can be parted. */
export type Ranks = ReadonlyMap<Target, number | null>;

/** Of the targets of one window: parents have a lower rank than their children; whoever refers to nobody, and nobody to them, has 0. */
export function ranksOf(targets: readonly Target[]): Ranks {
  const byName = new Map(targets.map((target) => [target.shape.collection, target]));
  const ranks = new Map<Target, number | null>();
  const rank = (target: Target, path: readonly Target[]): number | null => {
    if (path.includes(target)) return null;
    const known = ranks.get(target);
    if (known !== undefined) return known;
    let deepest = 0;
    for (const { collection } of target.shape.references) {
      const parent = byName.get(collection);
      if (parent === undefined) continue;
      const above = rank(parent, [...path, target]);
      if (above === null) return null;
      deepest = Math.max(deepest, above + 1);
    }
    ranks.set(target, deepest);
    return deepest;
  };
  for (const target of targets) ranks.set(target, rank(target, []));
  return ranks;
}
