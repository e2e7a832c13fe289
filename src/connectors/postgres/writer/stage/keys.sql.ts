import { list } from '../model/expressions.ts';
import type { TargetModel } from '../model/target-model.ts';
import { fromText, ordinal, type Stage } from './stage.sql.ts';

/**
 * Keys in their text forms as rows: the ordinal and one column per key column, named as in a stage.
 * $1 ordinals, $2… the texts of each key column.
 */
export function keyRows(model: TargetModel): string {
  const inputs = model.key.map((_, index) => `$${index + 2}::text[]`);
  const names = model.key.map((_, index) => `k${index}`);
  const values = model.key.map(
    (column, index) => `${fromText(column.type, `u.k${index}`)} AS ${column.slot}`,
  );
  return `SELECT ${list([`u.n AS ${ordinal}`, ...values])}
FROM unnest(${list(['$1::int4[]', ...inputs])}) AS u(${list(['n', ...names])})`;
}

export const fillKeys = (model: TargetModel, stage: Stage): string => `
INSERT INTO ${stage.sql} (${list([ordinal, ...model.key.map(({ slot }) => slot)])})
${keyRows(model)}`;
