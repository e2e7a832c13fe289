import type { Reference, Shape } from '../../../protocol/shape.ts';

/** What is asked of a target: what it is called, and what its rows refer to. */
export interface Related {
  readonly shape: Pick<Shape, 'collection'> & {
    readonly references: readonly Pick<Reference, 'collection'>[];
  };
}

/** How deep a target stands below those that its rows refer to; null: its rows refer to each other, so that no two of them can be parted. */
export type Ranks = ReadonlyMap<Related, number | null>;

/** Of the targets of one window: parents have a lower rank than their children; whoever refers to nobody, and nobody to them, has 0. */
export function ranksOf(targets: readonly Related[]): Ranks {
  const byName = new Map(targets.map((target) => [target.shape.collection, target]));
  const ranks = new Map<Related, number | null>();
  const rank = (target: Related, path: readonly Related[]): number | null => {
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
