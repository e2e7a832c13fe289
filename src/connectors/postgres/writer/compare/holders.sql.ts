import { underlying } from '../../catalog/pg-type.ts';
import { keyTextExpression } from '../../key.ts';
import { countsFilter, list } from '../model/expressions.ts';
import type { TargetModel } from '../model/target-model.ts';
import type { UniqueIndex } from '../model/unique-index.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';

/** Which other rows of the target, by their keys, hold what staged rows want of one unique index. */
export const holdersOf = (model: TargetModel, stage: Stage, index: UniqueIndex): string =>
  holding(model, {
    stage,
    index,
    says: `ARRAY[${list(model.key.map(({ slot, type }) => keyTextExpression(`h.${slot}`, underlying(type).name)))}] AS key, h.lockstep_ours AS ours`,
    ours: countsFilter(model) ?? 'TRUE',
  });

/** The same by the places of the rows, as `placeOf` tells them. */
export const placesOfHolders = (model: TargetModel, stage: Stage, index: UniqueIndex): string =>
  holding(model, { stage, index, says: 'h.lockstep_place AS place' });

/** Where a row of the target is, as long as nobody writes it. */
export const placeOf = (model: TargetModel): string =>
  `${model.sql}.tableoid::pg_catalog.text || ${model.sql}.ctid::pg_catalog.text`;

interface Holding {
  readonly stage: Stage;
  readonly index: UniqueIndex;
  readonly says: string;
  /** Which rows are ours; where that is not asked it costs nothing. */
  readonly ours?: string;
}

/** Index expressions speak of the table's columns, so both sides are given under those names. */
function holding(model: TargetModel, { stage, index, says, ours = 'TRUE' }: Holding): string {
  const where = index.predicate === null ? '' : `WHERE (${index.predicate})`;
  const wanted = index.columns.map(({ slot, sql }) => `${slot} AS ${sql}`);
  const keys = model.key.map(({ slot }) => slot);
  const values = index.expressions.map((expression, place) => `(${expression}) AS lockstep_u${place}`);
  const holderKeys = model.key.map(({ sql, slot }) => `${sql} AS ${slot}`);
  return `
SELECT s.${ordinal} AS n, ${says}
FROM (
  SELECT ${list([`lockstep_w.${ordinal}`, ...keys.map((slot) => `lockstep_w.${slot}`), ...values])}
  FROM (SELECT ${list([ordinal, ...keys.map((slot) => slot), ...wanted])} FROM ${stage.sql} AS lockstep_s) AS lockstep_w ${where}
) AS s
JOIN (SELECT ${list([`${placeOf(model)} AS lockstep_place`, `(${ours}) AS lockstep_ours`, ...holderKeys, ...values])} FROM ${model.sql} ${where}) AS h
  ON ${index.operators.map((equals, place) => `h.lockstep_u${place} ${equals} s.lockstep_u${place}`).join(' AND ')}
WHERE NOT (${model.key.map(({ slot, equals }) => `h.${slot} ${equals} s.${slot}`).join(' AND ')})`;
}
