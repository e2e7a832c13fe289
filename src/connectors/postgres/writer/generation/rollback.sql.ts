import {
  comparedColumns,
  countsAsAbsent,
  differs,
  inScope,
  keyMatches,
  list,
  staged,
} from '../model/expressions.ts';
import { type TargetModel, updatable } from '../model/target-model.ts';
import { ordinal } from '../stage/stage.sql.ts';
import { insertedOf, type KeptTables } from './kept-tables.ts';

/** Staged rows that are no longer as promotion left them: changed, gone, or no longer ours. */
export const changedSince = (model: TargetModel, { rows }: KeptTables): string => `
SELECT s.${ordinal} AS n FROM ${rows.sql} AS s WHERE NOT EXISTS (
  SELECT FROM ${model.sql} WHERE ${keyMatches(model)} AND ${inScope(model)}
  AND NOT (${differs(model, comparedColumns(model, updatable(model)))} OR ${countsAsAbsent(model)}))`;

/** Rows that left and are back, or, marked ones, that somebody took the mark off or removed. */
export const backSince = (model: TargetModel, { keys, gone }: KeptTables): string => {
  const there = `EXISTS (SELECT FROM ${model.sql} WHERE ${keyMatches(model)}`;
  const isAsLeft =
    model.leaving.kind === 'delete' ? `NOT ${there})` : `${there} AND ${countsAsAbsent(model)})`;
  return `
SELECT s.${ordinal} AS n FROM ${keys.sql} AS s JOIN ${gone.sql} AS g ON g.${ordinal} = s.${ordinal}
WHERE NOT ${isAsLeft}`;
};

export const dropOrdinals = (table: string, ordinals: string): string =>
  `DELETE FROM ${table} WHERE ${ordinal} IN (${ordinals})`;

/** Rows that were deleted, with all that they had. */
export const putBack = (model: TargetModel, { gone }: KeptTables): string => `
INSERT INTO ${model.sql} (${list(gone.columns.map(({ sql }) => sql))}) OVERRIDING SYSTEM VALUE
SELECT ${list(gone.columns.map(({ slot }) => `g.${slot}`))} FROM ${gone.sql} AS g`;

/** Rows that were marked, as they were. Columns that can't be updated have not changed either. */
export function unmark(
  model: TargetModel,
  { keys, gone }: KeptTables,
  set: Readonly<Record<string, string>>,
): string {
  const columns = gone.columns.filter(({ name }) => Object.hasOwn(set, name));
  return `
UPDATE ${model.sql} SET ${list(columns.map(({ sql, slot }) => `${sql} = g.${slot}`))}
FROM ${keys.sql} AS s JOIN ${gone.sql} AS g ON g.${ordinal} = s.${ordinal}
WHERE ${keyMatches(model)}`;
}

/** Rows that were marked before promotion, and whose mark it took off. Null: rows are not marked. */
export function markAgain(model: TargetModel, { before, marks }: KeptTables): string | null {
  if (marks.length === 0) return null;
  const differ = marks.map(({ sql, slot }) => `${model.sql}.${sql} IS DISTINCT FROM s.${slot}`).join(' OR ');
  return `
UPDATE ${model.sql} SET ${list(marks.map(({ sql, slot }) => `${sql} = s.${slot}`))}
FROM ${before.sql} AS s WHERE ${keyMatches(model)} AND (${differ})`;
}

/** Keys of rows that were put back are ours again. */
export const ownAgain = (model: TargetModel, { keys, gone }: KeptTables): string => `
INSERT INTO ${model.owned} (${list(model.key.map(({ ownedName }) => ownedName))})
SELECT ${list(model.key.map(staged))} FROM ${keys.sql} AS s JOIN ${gone.sql} AS g ON g.${ordinal} = s.${ordinal}
ON CONFLICT DO NOTHING`;

/** Rows that promotion inserted. */
export const takeOut = (model: TargetModel, kept: KeptTables): string => `
DELETE FROM ${model.sql} USING ${insertedOf(kept).sql} AS s
WHERE ${keyMatches(model)} AND ${inScope(model)}`;
