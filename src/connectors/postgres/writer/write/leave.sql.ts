import { quoteIdentifier } from '../../names.ts';
import { countsAsAbsent, inScope, keyMatches, list, staged, stored } from '../model/expressions.ts';
import type { TargetModel } from '../model/target-model.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';

export const deleteLeaving = (model: TargetModel, stage: Stage): string => `
DELETE FROM ${model.sql} USING ${stage.sql} AS s
WHERE ${keyMatches(model)} AND ${inScope(model)}
RETURNING s.${ordinal} AS n`;

/** Keys that are no longer there are no longer ours. */
export const disownLeaving = (model: TargetModel, stage: Stage): string => `
DELETE FROM ${model.owned} AS o USING ${stage.sql} AS s
WHERE ${model.key.map((column) => `o.${column.ownedName} ${column.equals} ${staged(column)}`).join(' AND ')}
  AND NOT EXISTS (SELECT FROM ${model.sql} WHERE ${keyMatches(model)})`;

export const markLeaving = (
  model: TargetModel,
  stage: Stage,
  set: Readonly<Record<string, string>>,
): string => `
UPDATE ${model.sql}
SET ${list(Object.entries(set).map(([column, expression]) => `${quoteIdentifier(column)} = (${expression}\n)`))}
FROM ${stage.sql} AS s
WHERE ${keyMatches(model)} AND ${inScope(model)} AND NOT ${countsAsAbsent(model)}
RETURNING s.${ordinal} AS n`;

/** What a configured statement works on: only keys that are there, ours, and not gone yet. */
export const createCustomLeaving = (model: TargetModel, stage: Stage): string => `
CREATE TEMP TABLE leaving ON COMMIT DROP AS
SELECT ${list(model.key.map((column) => stored(model, column)))}
FROM ${stage.sql} AS s JOIN ${model.sql} ON ${keyMatches(model)}
WHERE ${inScope(model)} AND NOT ${countsAsAbsent(model)}`;

/** Keys that are there and count, before and after a configured statement. */
export const remaining = (model: TargetModel, stage: Stage): string => `
SELECT s.${ordinal} AS n FROM ${stage.sql} AS s JOIN ${model.sql} ON ${keyMatches(model)}
WHERE ${inScope(model)} AND NOT ${countsAsAbsent(model)}`;
