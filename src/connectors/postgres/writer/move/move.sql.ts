import { underlying } from '../../catalog/pg-type.ts';
import { keyTextExpression } from '../../key.ts';
import { quoteIdentifier } from '../../names.ts';
import { placeOf } from '../compare/holders.sql.ts';
import { inScope, keyMatches, list, stored } from '../model/expressions.ts';
import { insertable, type TargetColumn, type TargetModel } from '../model/target-model.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';
import { rankOfTemporary, temporaryValue } from '../together/vacate.sql.ts';

/** The former and the new keys of rows that move, each by the move's ordinal. */
export interface MoveStages {
  readonly from: Stage;
  readonly to: Stage;
}

/** Where the rows are that have staged keys. `ours`: only ours count. */
export const placesOf = (model: TargetModel, stage: Stage, { ours }: { readonly ours: boolean }): string => `
SELECT s.${ordinal} AS n, ${placeOf(model)} AS place
FROM ${stage.sql} AS s JOIN ${model.sql} ON ${keyMatches(model)}
WHERE ${ours ? inScope(model) : 'TRUE'}`;

/** $1 ordinals */
const chosen = (stage: Stage): string => `(SELECT * FROM ${stage.sql} WHERE ${ordinal} = ANY ($1::int4[]))`;

/** Gives rows their new keys. `ours`: only rows of ours; those that stand aside are. $1 ordinals */
export const rekey = (
  model: TargetModel,
  { from, to }: MoveStages,
  { ours }: { readonly ours: boolean },
): string => `
UPDATE ${model.sql} SET ${list(model.key.map(({ sql }, place) => `${sql} = s.lockstep_to_${place}`))}
FROM (SELECT f.*, ${list(model.key.map(({ slot }, place) => `t.${slot} AS lockstep_to_${place}`))}
  FROM ${chosen(from)} AS f JOIN ${to.sql} AS t USING (${ordinal})) AS s
WHERE ${keyMatches(model)} AND ${ours ? inScope(model) : 'TRUE'}
RETURNING s.${ordinal} AS n`;

/** Which column of the key takes a value that nobody has; null: none can. Not one that refers to other rows. */
export function columnToSetAside({ key, table }: TargetModel): TargetColumn | null {
  const referring = new Set(table.references.flatMap(({ columns }) => columns));
  const [best] = key
    .filter(({ name }) => !referring.has(name))
    .map((column) => ({ column, rank: rankOfTemporary(column, keyIndex) }))
    .filter(({ rank }) => rank !== null)
    .toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0));
  return best?.column ?? null;
}

/** A key is found again, so it is never null. */
const keyIndex = { nullsNotDistinct: true };

/** Rows make room for others of the same moves; says under which keys they are now. $1 ordinals */
export const setAside = (model: TargetModel, { from, to }: MoveStages, column: TargetColumn): string => {
  const stage = { ...from, sql: `(TABLE ${from.sql} UNION ALL TABLE ${to.sql})` };
  const now = model.key.map((each) => keyTextExpression(stored(model, each), underlying(each.type).name));
  return `
UPDATE ${model.sql} SET ${column.sql} = ${temporaryValue(model, { index: keyIndex, column, stage, holds: 'rows' })}
FROM ${chosen(from)} AS s
WHERE ${keyMatches(model)} AND ${inScope(model)}
RETURNING s.${ordinal} AS n, ARRAY[${list(now)}] AS key`;
};

/** Rows of ours whose keys others take, and that are gone. $1 ordinals */
export const deleteDisplaced = (model: TargetModel, { to }: MoveStages): string => `
DELETE FROM ${model.sql} USING ${chosen(to)} AS s WHERE ${keyMatches(model)} AND ${inScope(model)}
RETURNING s.${ordinal} AS n`;

/** $1 ordinals */
export const disownFormer = (model: TargetModel, { from }: MoveStages): string => `
DELETE FROM ${model.owned} AS o USING ${chosen(from)} AS s
WHERE ${model.key.map((column) => `o.${column.ownedName} ${column.equals} s.${column.slot}`).join(' AND ')}`;

/** $1 ordinals */
export const ownNew = (model: TargetModel, { to }: MoveStages): string => `
INSERT INTO ${model.owned} (${list(model.key.map(({ ownedName }) => ownedName))})
SELECT ${list(model.key.map(({ slot }) => `s.${slot}`))} FROM ${chosen(to)} AS s ON CONFLICT DO NOTHING`;

/** Rows that are not ours under their new keys. $1 ordinals */
export const outOfScope = (model: TargetModel, { to }: MoveStages): string => `
SELECT s.${ordinal} AS n FROM ${chosen(to)} AS s JOIN ${model.sql} ON ${keyMatches(model)} WHERE NOT ${inScope(model)}`;

/**
 * For rows whose keys can't change while others refer to them: the row stands a second time, under its new key, with the staged values and
 * with what only the target knows of it. $1 ordinals
 */
export function bringOver(model: TargetModel, { from, to }: MoveStages, upserts: Stage): string {
  const mapped = new Set(model.columns.map(({ name }) => name));
  const own = model.table.columns
    .filter(({ name, generated, identity }) => !mapped.has(name) && generated === null && identity === null)
    .map(({ name }) => quoteIdentifier(name));
  const columns = insertable(model);
  const same = (one: string, other: string): string =>
    model.key.map(({ slot, equals }) => `${one}.${slot} ${equals} ${other}.${slot}`).join(' AND ');
  const former = model.key.map((column) => `${stored(model, column)} ${column.equals} f.${column.slot}`);
  return `
INSERT INTO ${model.sql} (${list([...columns.map(({ sql }) => sql), ...own])}) OVERRIDING SYSTEM VALUE
SELECT ${list([...columns.map(({ slot }) => `s.${slot}`), ...own.map((name) => `${model.sql}.${name}`)])}
FROM ${chosen(from)} AS f JOIN ${to.sql} AS t USING (${ordinal})
JOIN ${upserts.sql} AS s ON ${same('t', 's')}
JOIN ${model.sql} ON ${former.join(' AND ')}`;
}
