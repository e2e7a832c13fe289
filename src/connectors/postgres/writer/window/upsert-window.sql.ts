import { comparedColumns, exact, keyMatches, list, stored } from '../model/expressions.ts';
import { insertable, type TargetColumn, type TargetModel, updatable } from '../model/target-model.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';
import { updateDiffering } from '../write/upsert.sql.ts';

/**
 * One statement that inserts what is missing and updates what differs. Only where `canUpsert` says so. Values are compared as the row
 * that was proposed for insertion has them, so after the column's rounding and padding.
 *
 * One row comes back: `exact`, the ordinals that were inserted and those that were updated, as arrays; else (the join that finds
 * ordinals has no index to go by) their counts.
 */
export function upsertWindow(model: TargetModel, stage: Stage, { exactly }: { exactly: boolean }): string {
  return `
WITH s AS ${exactly ? 'MATERIALIZED ' : ''}${stage.sql}, written AS (
  INSERT INTO ${model.sql} (${list(insertable(model).map(({ sql }) => sql))}) OVERRIDING SYSTEM VALUE
  SELECT ${list(insertable(model).map(({ slot }) => `s.${slot}`))} FROM s
  ON CONFLICT (${list(model.key.map(({ sql }) => sql))}) DO ${onConflict(model)}
  RETURNING ${list([...model.key.map((column) => `${stored(model, column)} AS ${column.slot}`), `${model.sql}.xmax = 0 AS is_new`])}
)${remembering(model)}
${exactly ? exactOutcomes(model) : countedOutcomes}`;
}

/** Rows that nobody has: one that is there nevertheless is a violation of its key. Only where `upsertWindow` may be used. */
export function insertNew(model: TargetModel, stage: Stage): string {
  const insert = `INSERT INTO ${model.sql} (${list(insertable(model).map(({ sql }) => sql))}) OVERRIDING SYSTEM VALUE
SELECT ${list(insertable(model).map(({ slot }) => `s.${slot}`))} FROM ${stage.sql} AS s`;
  if (model.owned === null) return insert;
  const keys = model.key.map((column) => `${stored(model, column)} AS ${column.slot}`);
  return `WITH written AS (${insert} RETURNING ${list(keys)})
INSERT INTO ${model.owned} (${list(model.key.map(({ ownedName }) => ownedName))})
SELECT ${list(model.key.map(({ slot }) => slot))} FROM written ON CONFLICT DO NOTHING`;
}

/** Rows that are there and differ: fails (division by zero) when a row is not there, or is the same already. Null: an update could set nothing. */
export function updateThere(model: TargetModel, stage: Stage): string | null {
  const update = updateDiffering(model, stage);
  if (update === null) return null;
  return `
WITH written AS (${update} RETURNING 1)
SELECT 1 / (CASE WHEN count(*) = pg_catalog.cardinality($1) THEN 1 ELSE 0 END) FROM written`;
}

function onConflict(model: TargetModel): string {
  const columns = comparedColumns(model, updatable(model));
  if (columns.length === 0) return 'NOTHING';
  return `UPDATE SET ${list(columns.map(({ sql }) => `${sql} = excluded.${sql}`))}
  WHERE ${isOurs(model)} AND (${columns.map((column) => changes(model, column)).join(' OR ')})`;
}

const changes = (model: TargetModel, column: TargetColumn): string =>
  `${exact(column, stored(model, column))} IS DISTINCT FROM ${exact(column, `excluded.${column.sql}`)}`;

/**
 * `inScope` would not do: beside `excluded` unqualified names are ambiguous. OFFSET keeps the planner from hashing all of the table of keys,
 * which it otherwise likes better than a look at its index for each row.
 */
const isOurs = (model: TargetModel): string =>
  model.owned === null
    ? 'TRUE'
    : `EXISTS (SELECT FROM ${model.owned} AS o WHERE ${model.key
        .map((column) => `o.${column.ownedName} ${column.equals} ${stored(model, column)}`)
        .join(' AND ')} OFFSET 0)`;

const remembering = (model: TargetModel): string =>
  model.owned === null
    ? ''
    : `, owned AS (
  INSERT INTO ${model.owned} (${list(model.key.map(({ ownedName }) => ownedName))})
  SELECT ${list(model.key.map(({ slot }) => slot))} FROM written WHERE is_new ON CONFLICT DO NOTHING
)`;

const countedOutcomes = `SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM written`;

const exactOutcomes = (model: TargetModel): string => `
SELECT array_agg(s.${ordinal}) FILTER (WHERE w.is_new), array_agg(s.${ordinal}) FILTER (WHERE NOT w.is_new)
FROM s JOIN written AS w ON ${model.key.map((column) => `w.${column.slot} ${column.equals} s.${column.slot}`).join(' AND ')}`;

/** Fails (division by zero) when a partial row's key is not there. */
export const refuseMissing = (model: TargetModel, stage: Stage): string => `
SELECT 1 / (CASE WHEN EXISTS (
  SELECT FROM ${stage.sql} AS s WHERE NOT EXISTS (SELECT FROM ${model.sql} WHERE ${keyMatches(model)})
) THEN 0 ELSE 1 END)`;

/** Fails (division by zero) when a statement has rows. */
export const refuseAny = (statement: string): string =>
  `SELECT 1 / (CASE WHEN EXISTS (${statement}) THEN 0 ELSE 1 END)`;
