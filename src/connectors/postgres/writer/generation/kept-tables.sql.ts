import { underlying } from '../../catalog/pg-type.ts';
import { keyTextExpression } from '../../key.ts';
import { quoteIdentifier } from '../../names.ts';
import { inScope, keyMatches, list, staged } from '../model/expressions.ts';
import type { TargetModel } from '../model/target-model.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';
import type { KeptTables } from './kept-tables.ts';

/**
 * WITH NO DATA: types, modifiers and collations of the target, but no constraint, default or generation; and no dependency on it, so
 * whoever owns the target changes it as before.
 */
export function createKept(
  model: TargetModel,
  { rows, keys, before, marks, gone }: KeptTables,
): readonly string[] {
  const like = (sql: string, columns: readonly { readonly sql: string; readonly slot: string }[]): string => `
CREATE TABLE ${sql} AS
SELECT ${list([`NULL::int4 AS ${ordinal}`, ...columns.map((column) => `${column.sql} AS ${column.slot}`)])}
FROM ${model.sql} WITH NO DATA`;
  const key = list(model.key.map(({ slot }) => slot));
  return [
    like(rows.sql, rows.columns),
    like(keys.sql, keys.columns),
    like(before.sql, [...before.columns, ...marks]),
    like(gone.sql, gone.columns),
    `CREATE UNIQUE INDEX ON ${rows.sql} (${key})`,
    `CREATE UNIQUE INDEX ON ${keys.sql} (${key})`,
    `CREATE UNIQUE INDEX ON ${before.sql} (${ordinal})`,
    `CREATE UNIQUE INDEX ON ${gone.sql} (${ordinal})`,
  ];
}

/** From a temporary stage, numbered on from so many. What is there already of a key stays. */
export const keepStaged = (from: Stage, into: Stage, base: number): string => `
INSERT INTO ${into.sql} (${list([ordinal, ...into.columns.map(({ slot }) => slot)])})
SELECT ${list([`${ordinal} + ${base}`, ...into.columns.map(({ slot }) => slot)])} FROM ${from.sql}
ON CONFLICT DO NOTHING`;

/** Names the target in a FOR UPDATE: statements give it no alias. */
const itself = ({ table }: TargetModel): string => quoteIdentifier(table.table);

/** Rows that are about to be written, as they are, and locked until they are. */
export const keepBefore = (model: TargetModel, { rows, before, marks }: KeptTables): string => `
INSERT INTO ${before.sql} (${list([ordinal, ...[...before.columns, ...marks].map(({ slot }) => slot)])})
SELECT ${list([`s.${ordinal}`, ...[...before.columns, ...marks].map(({ sql }) => `${model.sql}.${sql}`)])}
FROM ${rows.sql} AS s JOIN ${model.sql} ON ${keyMatches(model)}
WHERE ${inScope(model)} FOR UPDATE OF ${itself(model)}`;

export const keepGone = (model: TargetModel, { keys, gone }: KeptTables): string => `
INSERT INTO ${gone.sql} (${list([ordinal, ...gone.columns.map(({ slot }) => slot)])})
SELECT ${list([`s.${ordinal}`, ...gone.columns.map(({ sql }) => `${model.sql}.${sql}`)])}
FROM ${keys.sql} AS s JOIN ${model.sql} ON ${keyMatches(model)}
WHERE ${inScope(model)} FOR UPDATE OF ${itself(model)}`;

/** Keys that somebody else's rows hold now. */
export const dropClashes = (model: TargetModel, stage: Stage): string => `
DELETE FROM ${stage.sql} AS s USING ${model.sql} WHERE ${keyMatches(model)} AND NOT ${inScope(model)}`;

const keyTextsOf = (model: TargetModel): readonly string[] =>
  model.key.map((column) => keyTextExpression(staged(column), underlying(column.type).name));

/** The key columns' texts of some of a stage's rows, by ordinal. $1 ordinals. */
export const keyTexts = (model: TargetModel, stage: Stage): string => `
SELECT s.${ordinal} AS n, ARRAY[${list(keyTextsOf(model))}]::text[] AS key
FROM ${stage.sql} AS s WHERE s.${ordinal} = ANY ($1::int4[])`;

/** Rows of these keys, as `keyTexts` spells them. $1… the texts of each key column. */
export function dropStaged(model: TargetModel, stage: Stage): string {
  const texts = keyTextsOf(model).map((text, index) => `${text} = refused.k${index}`);
  const inputs = model.key.map((_, index) => `$${index + 1}::text[]`);
  const names = model.key.map((_, index) => `k${index}`);
  return `DELETE FROM ${stage.sql} AS s USING unnest(${list(inputs)}) AS refused(${list(names)}) WHERE ${texts.join(' AND ')}`;
}

export const countStaged = (stage: Stage): string => `SELECT count(*)::text AS count FROM ${stage.sql}`;
