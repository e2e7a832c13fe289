import type { TargetModel } from '../model/target-model.ts';

/**
 * Whether INSERT … ON CONFLICT does for this target what an UPDATE and an INSERT would do: the key is promised by an index that can
 * arbitrate, no trigger sees inserts that are none, and scope and leaving need no predicate of the user's (ambiguous beside `excluded`).
 * Partitioned tables do not tell what was inserted.
 */
export function canUpsert(model: TargetModel): boolean {
  const { table, scope, leaving } = model;
  const isPlain = table.kind === 'r' && table.children.length === 0 && table.rules.length === 0;
  const scopeFits = scope.kind === 'all' || (scope.kind === 'owned' && model.owned !== null);
  const leavingFits = leaving.kind === 'delete' || leaving.kind === 'keep';
  return isPlain && scopeFits && leavingFits && !firesOnInsert(model) && hasArbiter(model);
}

const firesOnInsert = ({ table }: TargetModel): boolean =>
  table.triggers.some(({ events, enabled }) => events.includes('insert') && enabled !== 'D');

function hasArbiter({ table, key }: TargetModel): boolean {
  const isKey = (columns: readonly string[]): boolean =>
    columns.length === key.length && key.every(({ name }) => columns.includes(name));
  const primary = table.primaryKey === null ? [] : [{ ...table.primaryKey }];
  const uniques = table.uniques.filter(({ predicate, expressions }) => predicate === null && !expressions);
  const candidates = [...primary, ...uniques].filter(({ columns }) => isKey(columns));
  return candidates.length > 0 && candidates.every(({ deferrable }) => !deferrable);
}

/** Something of it is checked at the end of the transaction, if asked for. */
export const hasDeferrable = ({ table }: TargetModel): boolean =>
  table.references.some(({ deferrable }) => deferrable) ||
  table.uniques.some(({ deferrable }) => deferrable) ||
  table.exclusions.some(({ deferrable }) => deferrable) ||
  (table.primaryKey?.deferrable ?? false);
