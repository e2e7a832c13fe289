import type { DigestQuery } from '../../../../protocol/digest.ts';
import type { Partition } from '../../../../protocol/partition.ts';
import type { GroupedQuery } from '../../../../protocol/writer.ts';
import type { PgType } from '../../catalog/pg-type.ts';
import { groupOf, inGroups, rowHash } from '../../reader/digest.sql.ts';
import { filterCondition, fromTable, rowAlias, whereClause } from '../../reader/select.ts';
import { typeRule } from '../../types/type-table.ts';
import { countsFilter, inScope, keyMatches, list } from '../model/expressions.ts';
import { keyFirst, type TargetModel } from '../model/target-model.ts';
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

/** The same of some groups, in front of it the row's group and hash, which the reader makes: so the table has the name that it has there. */
export function copyGrouped(model: TargetModel, query: GroupedForms): string {
  const columns = keyFirst(model).map(({ sql, type }) => wireForm(`${rowAlias}.${sql}`, type));
  const conditions = [
    ...filterCondition(query.selection),
    ...(query.only === null ? [] : [inGroups({ ...query, only: query.only })]),
  ];
  return `
COPY (SELECT ${list([groupOf(query), rowHash(query), ...columns])}
${fromTable(model.table)}${whereClause(conditions)}) TO STDOUT (FORMAT binary)`;
}

export type GroupedForms = GroupedQuery & Pick<DigestQuery, 'selection' | 'keyColumns'>;

const wireForm = (expression: string, type: PgType): string =>
  typeRule(type).codec === null ? `${expression}::text` : expression;

/** What is compared, each value as it travels between rows and bytes: binary, or the server's text. */
export const copyStored = (model: TargetModel, partition: Partition): string => `
COPY (SELECT ${list(keyFirst(model).map(({ sql, type }) => wireForm(sql, type)))}
FROM ${model.sql}
WHERE ${inRange(model, partition)} AND ${countsFilter(model) ?? 'TRUE'}) TO STDOUT (FORMAT binary)`;
