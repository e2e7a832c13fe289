import { comparedColumns, countsAsAbsent, differs, inScope, keyMatches } from '../model/expressions.ts';
import { insertable, type TargetModel } from '../model/target-model.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';

export type Verdict = 'missing' | 'clash' | 'absent' | 'different' | 'same';

/** How each staged row compares with what is stored. `absent`: it is there, and marked as gone. */
export const verdicts = (model: TargetModel, stage: Stage): string => `
SELECT s.${ordinal} AS n,
       CASE WHEN ${model.sql}.tableoid IS NULL THEN 'missing'
            WHEN NOT ${inScope(model)} THEN 'clash'
            WHEN ${countsAsAbsent(model)} THEN 'absent'
            WHEN ${differs(model, comparedColumns(model, insertable(model)))} THEN 'different'
            ELSE 'same' END AS verdict
FROM ${stage.sql} AS s LEFT JOIN ${model.sql} ON ${keyMatches(model)}`;
