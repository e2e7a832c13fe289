import type { Partition } from '../../../../protocol/partition.ts';
import { typeRule } from '../../types/type-table.ts';
import { countsFilter, inScope, keyMatches, list } from '../model/expressions.ts';
import { insertable, type TargetModel } from '../model/target-model.ts';
import { keyRows } from '../stage/keys.sql.ts';
import { ordinal } from '../stage/stage.sql.ts';
import { inRange } from './range.sql.ts';

export const anyRow = (model: TargetModel, partition: Partition): string =>
  `SELECT FROM ${model.sql} WHERE ${inRange(model, partition)} AND ${inScope(model)} LIMIT 1`;

export const countOurs = (model: TargetModel): string =>
  `SELECT count(*) AS count FROM ${model.sql} WHERE ${countsFilter(model) ?? 'TRUE'}`;

/** Parameters as `keyRows` has them. */
export const presentKeys = (model: TargetModel): string => `
SELECT s.${ordinal} AS n FROM (${keyRows(model)}) AS s JOIN ${model.sql} ON ${keyMatches(model)}
WHERE ${countsFilter(model) ?? 'TRUE'}`;

/** What is compared, each value as it travels between rows and bytes: binary, or the server's text. */
export const copyStored = (model: TargetModel, partition: Partition): string => `
COPY (SELECT ${list(insertable(model).map(({ sql, type }) => (typeRule(type).codec === null ? `${sql}::text` : sql)))}
FROM ${model.sql}
WHERE ${inRange(model, partition)} AND ${countsFilter(model) ?? 'TRUE'}) TO STDOUT (FORMAT binary)`;
