import { inScope } from '../model/expressions.ts';
import type { TargetModel } from '../model/target-model.ts';

/** Readers go on; without a key two writers at once would leave everything twice. */
export const lockAgainstWriters = ({ sql }: TargetModel): string =>
  `LOCK TABLE ${sql} IN SHARE ROW EXCLUSIVE MODE`;

/**
 * DELETE and never TRUNCATE: TRUNCATE would make every reader wait until the copy is committed, would show an empty table
 * to snapshots that are older than it, and would skip DELETE triggers. The price is dead rows, which vacuum takes.
 */
export const deleteOurs = (model: TargetModel): string => `DELETE FROM ${model.sql} WHERE ${inScope(model)}`;
