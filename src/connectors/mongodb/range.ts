import type { Document } from 'mongodb';
import type { Partition } from '../../protocol/partition.ts';
import { idOfKey } from './key.ts';

/**
 * A key range as a query. Plain `$gt` only finds ids of the bound's own type; within `$expr` all types have one order, and the `_id` index
 * serves it all the same.
 */
export function rangeOf({ from, to }: Pick<Partition, 'from' | 'to'>): Document | null {
  const bounds = [
    ...(from === null ? [] : [{ $gte: ['$_id', literal(from)] }]),
    ...(to === null ? [] : [{ $lt: ['$_id', literal(to)] }]),
  ];
  return bounds.length === 0 ? null : { $expr: { $and: bounds } };
}

const literal = ([key = 'null']: readonly string[]) => ({ $literal: idOfKey(key) });
