import { keyMatches } from '../model/expressions.ts';
import type { TargetModel } from '../model/target-model.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';
import { updateDiffering } from './upsert.sql.ts';

/** A patch stage holds the key and the columns that the changes name; null: they name none that may be set. */
export const updatePatched = (model: TargetModel, stage: Stage): string | null =>
  updateDiffering(model, stage);

export const missingForPatch = (model: TargetModel, stage: Stage): string => `
SELECT s.${ordinal} AS n FROM ${stage.sql} AS s
WHERE NOT EXISTS (SELECT FROM ${model.sql} WHERE ${keyMatches(model)})`;
