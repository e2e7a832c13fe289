import { type PgType, underlying, unmodifiedName } from '../../catalog/pg-type.ts';
import { keyTextExpression } from '../../key.ts';
import { list } from '../model/expressions.ts';
import type { TargetColumn, TargetModel } from '../model/target-model.ts';

/**
 * A temporary table that holds rows, or keys, on their way. Its columns have the target's own types, so that what
 * the target would refuse or round is refused or rounded here, and comparing compares stored values.
 */
export interface Stage {
  /** Qualified. */
  readonly sql: string;
  readonly name: string;
  readonly columns: readonly TargetColumn[];
}

/** The place of a change in the caller's list. */
export const ordinal = 'lockstep_n';

export const stageOf = (name: string, columns: readonly TargetColumn[]): Stage => ({
  sql: `pg_temp.${name}`,
  name,
  columns,
});

/** WITH NO DATA: takes over types, modifiers and collations, but no constraint, default or generation. */
export const createStage = (model: TargetModel, { name, columns }: Stage): string => `
CREATE TEMP TABLE ${name} ON COMMIT DROP AS
SELECT ${list([`NULL::int4 AS ${ordinal}`, ...columns.map(({ sql, slot }) => `${sql} AS ${slot}`)])}
FROM ${model.sql} WITH NO DATA`;

/** Where columns arrive that only the server can read from text. */
export const createRawStage = (
  name: string,
  columns: readonly { readonly slot: string; readonly type: string }[],
): string => `
CREATE TEMP TABLE ${name} (${list(columns.map(({ slot, type }) => `${slot} ${type}`))}) ON COMMIT DROP`;

/**
 * Text as a value of a type: a cast to the type without its modifiers (an explicit cast with them would cut what is too
 * long), or to what a domain stands for; the assignment that follows checks the rest.
 */
export function fromText(type: PgType, text: string): string {
  if (type.base !== null) return fromText(type.base, text);
  // The cast from text takes names only; the input function also takes `-` and numbers, which the output has.
  if (type.name === 'regclass') return `pg_catalog.regclassin(pg_catalog.textout(${text}))`;
  return `(${text})::${unmodifiedName(type.name)}`;
}

/** A staged key that occurs more than once, by its columns' texts. */
export const repeatedKeys = (model: TargetModel, stage: Stage): string => {
  const slots = list(model.key.map(({ slot }) => slot));
  const texts = model.key.map(({ slot, type }) => keyTextExpression(slot, underlying(type).name));
  return `
SELECT ARRAY[${list(texts)}]::text[] AS key FROM ${stage.sql} GROUP BY ${slots} HAVING count(*) > 1 LIMIT 1`;
};
