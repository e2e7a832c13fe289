import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { Partition } from '../../../protocol/partition.ts';
import { quoteIdentifier } from '../names.ts';
import { rowAlias, typedLiteral } from './select.ts';
import type { KnownType } from './type-cache.ts';

/** The columns that ranges are made of, in the order of their index. */
export interface RangeKey {
  readonly columns: readonly string[];
  readonly types: readonly KnownType[];
}

export const keyColumn = (name: string): string => `${rowAlias}.${quoteIdentifier(name)}`;

/**
 * `from <= key < to` as comparisons of rows, which an index on the key answers, in the key's own collation. COPY takes no
 * parameters, so bounds are literals.
 */
export function rangeConditions(partition: Partition, key: RangeKey | null, collection: string): string[] {
  if (partition.from === null && partition.to === null) return [];
  if (key === null) throw new LockstepError('key-missing', { collection });
  const columns = `(${key.columns.map(keyColumn).join(', ')})`;
  const bound = (parts: readonly string[]): string => {
    if (parts.length !== key.columns.length)
      throw new LockstepError('shape-changed', { collection, detail: 'its key has other columns' });
    return `(${key.types.map((type, index) => typedLiteral(parts[index] ?? '', type)).join(', ')})`;
  };
  return [
    ...(partition.from === null ? [] : [`${columns} >= ${bound(partition.from)}`]),
    ...(partition.to === null ? [] : [`${columns} < ${bound(partition.to)}`]),
  ];
}
