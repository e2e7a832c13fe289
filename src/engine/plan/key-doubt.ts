import type { CollectionPlan } from '../../protocol/mapping.ts';

/** Why two rows of the source may have one key; null: the source itself keeps them from it, or there is no key. */
export function keyDoubt({
  key,
  sourceKey,
  sourceShape,
}: Pick<CollectionPlan, 'key' | 'sourceKey' | 'sourceShape'>): string | null {
  if (key.length === 0) return null;
  if (sourceKey === null) return 'an expression makes it';
  const own = sourceShape.key === null ? [] : [sourceShape.key.columns];
  const identities = sourceShape.identities ?? own;
  if (identities.some((columns) => columns.every((name) => sourceKey.includes(name)))) return null;
  if (identities.length === 0) return 'it has no key of its own that holds for all its rows';
  return `unique are only ${identities.map((columns) => columns.join(' with ')).join('; ')}`;
}
