import { quoteIdentifier } from '../../names.ts';
import {
  comparedColumns,
  countsAsAbsent,
  differs,
  inScope,
  keyMatches,
  list,
  staged,
  stored,
} from '../model/expressions.ts';
import { insertable, type TargetColumn, type TargetModel, updatable } from '../model/target-model.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';
import { fixedColumns } from './fixed.sql.ts';

/**
 * UPDATE and INSERT instead of INSERT … ON CONFLICT: an update that changes nothing costs no insert attempt and no
 * sequence value, BEFORE INSERT triggers see inserts only, a deferrable key works, rows outside our scope can be told
 * apart, and the counts are the server's own. What somebody else inserts in between is a unique violation and is tried again.
 */

/** A stage of a partition is joined in memory; never lowers what the server has set. */
export const roomForJoining = `
SELECT set_config('work_mem', '64MB', true) WHERE pg_size_bytes(current_setting('work_mem')) < 67108864`;

/**
 * A generation's rows are few beside the target's and lie all over it, and others wait for the locks. With the default, which is meant for
 * disks that turn, all of the target is read to find them (2.8 against 0.5 seconds for 27,000 of 3 M rows). Never raises what is set.
 */
export const fewRowsByIndex = `
SELECT set_config('random_page_cost', '1.1', true) WHERE current_setting('random_page_cost')::float8 > 1.1`;

const condition = (model: TargetModel, columns: readonly TargetColumn[]): string =>
  `${keyMatches(model)} AND ${inScope(model)} AND (${differs(model, columns)} OR ${countsAsAbsent(model)})`;

/** A row that would still differ afterwards is not half written. */
function canFollow(model: TargetModel, stage: Stage): string {
  const fixed = fixedColumns(model, stage);
  return fixed.length === 0 ? '' : ` AND NOT ${differs(model, fixed)}`;
}

/** Writes what differs among rows of ours, but for those of `fixedOtherwise`. Null: there is nothing that an update could set. */
export function updateDiffering(model: TargetModel, stage: Stage): string | null {
  const columns = comparedColumns(model, updatable(model)).filter(({ slot }) =>
    stage.columns.some((column) => column.slot === slot),
  );
  const sets = [
    ...columns.map((column) => `${column.sql} = ${staged(column)}`),
    ...clearings(model, columns),
  ];
  if (sets.length === 0) return null;
  return `
UPDATE ${model.sql} SET ${list(sets)}
FROM ${stage.sql} AS s
WHERE ${condition(model, columns)}${canFollow(model, stage)}`;
}

export const returningOrdinal = (statement: string): string => `${statement}\nRETURNING s.${ordinal} AS n`;

/** What a marked row gets when its key is back; a mapped column has its mapped value anyway. */
function clearings(model: TargetModel, written: readonly TargetColumn[]): string[] {
  const { leaving } = model;
  const clear = leaving.kind === 'mark' || leaving.kind === 'custom' ? (leaving.clear ?? {}) : {};
  const mapped = new Set(written.map(({ name }) => name));
  return Object.entries(clear)
    .filter(([column]) => !mapped.has(column))
    .map(([column, expression]) => {
      const name = quoteIdentifier(column);
      return `${name} = CASE WHEN ${countsAsAbsent(model)} THEN (${expression}\n) ELSE ${model.sql}.${name} END`;
    });
}

/** Rows whose key the target does not have, whoever's. `asNull`: columns that get their value by a later update. */
export function insertMissing(
  model: TargetModel,
  stage: Stage,
  asNull: ReadonlySet<string> = new Set(),
): string {
  const columns = insertable(model);
  const values = columns.map((column) => (asNull.has(column.name) ? 'NULL' : staged(column)));
  return `
INSERT INTO ${model.sql} (${list(columns.map(({ sql }) => sql))}) OVERRIDING SYSTEM VALUE
SELECT ${list(values)} FROM ${stage.sql} AS s
WHERE NOT EXISTS (SELECT FROM ${model.sql} WHERE ${keyMatches(model)})`;
}

/** The inserted rows' keys go into the owned-key table where there is one. */
const withOwned = (model: TargetModel, insert: string): string => `
WITH inserted AS (${insert}
  RETURNING ${list(model.key.map((column) => `${stored(model, column)} AS ${column.slot}`))}
)${
  model.owned === null
    ? ''
    : `, owned AS (
  INSERT INTO ${model.owned} (${list(model.key.map(({ ownedName }) => ownedName))}) SELECT ${slots(model)} FROM inserted ON CONFLICT DO NOTHING
)`
}`;

const slots = (model: TargetModel): string => list(model.key.map(({ slot }) => slot));

export const insertCounting = (model: TargetModel, insert: string): string =>
  `${withOwned(model, insert)} SELECT count(*)::int4 AS count FROM inserted`;

/** An INSERT can't return columns of what it selects from before PostgreSQL 18; the key leads back to the ordinal. */
export const insertReturningOrdinal = (
  model: TargetModel,
  stage: Stage,
  insert: string,
): string => `${withOwned(model, insert)}
SELECT s.${ordinal} AS n FROM ${stage.sql} AS s JOIN inserted AS i ON ${model.key
  .map((column) => `i.${column.slot} ${column.equals} ${staged(column)}`)
  .join(' AND ')}`;

/** Rows that are back and still count as gone. */
export const stillAbsent = (model: TargetModel, stage: Stage): string => `
SELECT s.${ordinal} AS n FROM ${stage.sql} AS s JOIN ${model.sql} ON ${keyMatches(model)}
WHERE ${inScope(model)} AND ${countsAsAbsent(model)}`;

/** Rows of others that have one of the staged keys. */
export const clashing = (model: TargetModel, stage: Stage): string => `
SELECT s.${ordinal} AS n FROM ${stage.sql} AS s JOIN ${model.sql} ON ${keyMatches(model)}
WHERE NOT ${inScope(model)}`;
