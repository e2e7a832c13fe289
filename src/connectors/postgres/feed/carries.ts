import { withoutModifier } from '../types/type-table.ts';

/** Types whose values are spelled alike and that hold each other's, smaller first. */
const families: readonly (readonly string[])[] = [
  ['smallint', 'integer', 'bigint'],
  ['name', 'character varying', 'text'],
  ['real', 'double precision'],
];

/**
 * The same type, or one that takes every value of it as it is. Narrower types are left to the reader's own conversion, which says what
 * does not fit.
 */
export function carries(sourceType: string, targetType: string): boolean {
  const source = withoutModifier(sourceType);
  const target = withoutModifier(targetType);
  if (source === target) return true;
  return families.some((family) => {
    const from = family.indexOf(source);
    return from >= 0 && family.indexOf(target) > from;
  });
}
