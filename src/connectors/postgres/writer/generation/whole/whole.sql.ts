import { inScope, list } from '../../model/expressions.ts';
import { insertable, type TargetModel } from '../../model/target-model.ts';
import { ordinal } from '../../stage/stage.sql.ts';
import type { KeptTables } from '../kept-tables.ts';

/** With the target's own names, so that rows come in as they would there; types and modifiers too, and nothing else of it. */
export const createWhole = (model: TargetModel, { rows, gone }: KeptTables): readonly string[] => [
  `CREATE TABLE ${rows.sql} AS SELECT ${list(model.columns.map(({ sql }) => sql))} FROM ${model.sql} WITH NO DATA`,
  `CREATE TABLE ${gone.sql} AS
SELECT ${list([`NULL::int4 AS ${ordinal}`, ...gone.columns.map(({ sql, slot }) => `${sql} AS ${slot}`)])}
FROM ${model.sql} WITH NO DATA`,
];

/** All that the target has of ours, with all columns. */
export const keepFormer = (model: TargetModel, { gone }: KeptTables): string => `
INSERT INTO ${gone.sql} (${list(gone.columns.map(({ slot }) => slot))})
SELECT ${list(gone.columns.map(({ sql }) => sql))} FROM ${model.sql} WHERE ${inScope(model)}`;

export function insertWhole(model: TargetModel, { rows }: KeptTables): string {
  const columns = list(insertable(model).map(({ sql }) => sql));
  return `INSERT INTO ${model.sql} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM ${rows.sql}`;
}

export const countOurs = (model: TargetModel): string =>
  `SELECT count(*)::text AS count FROM ${model.sql} WHERE ${inScope(model)}`;

/**
 * How many rows the target has of ours, and the sum of their hashes: whoever changes one, or adds or removes some, changes that. Only columns
 * that we write: the others are the target's own.
 */
export const contentOf = (model: TargetModel): string => `
SELECT count(*) || ':' || coalesce(sum(hashtextextended(ROW(${list(insertable(model).map(({ sql }) => sql))})::text, 0)::numeric), 0)
  AS content FROM ${model.sql} WHERE ${inScope(model)}`;
