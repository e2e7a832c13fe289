import type {
  DigestAgreement,
  DigestColumn,
  DigestQuery,
  DigestResult,
  HashedKey,
} from '../../../protocol/digest.ts';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { Partition } from '../../../protocol/partition.ts';
import type { Row } from '../../../protocol/value.ts';
import { keyOf } from '../key.ts';
import type { Session } from '../session/session.ts';
import { digestMethodOf, typeRule } from '../types/type-table.ts';
import {
  assertKnown,
  groupOf,
  inGroups,
  oneProcess,
  probeQuery,
  rowHash,
  withoutSorting,
} from './digest.sql.ts';
import { directMethodOf } from './direct-hash.sql.ts';
import { GroupDigests } from './group-digests.ts';
import { type RangeKey, rangeConditions } from './key-range.ts';
import type { ReadContext } from './postgres-snapshot.ts';
import { decodeCopy } from './read.ts';
import { describeOutput, filterCondition, fromTable, whereClause, wireExpression } from './select.ts';

export interface DigestRequest {
  readonly query: DigestQuery;
  readonly partition: Partition;
  readonly key: RangeKey | null;
}

/** Built-in hashes are the same on every PostgreSQL of one byte order; `probeDigest` proves it. */
export const digestDialect = 'postgres';

export const proposeDigest = (columns: readonly DigestColumn[]): DigestAgreement => ({
  dialect: digestDialect,
  groupsCost: true,
  columns: columns.map(({ name, type, nullable = true }) => ({
    name,
    method: directMethodOf(type) ?? digestMethodOf(type),
    nullable,
  })),
});

export async function probeDigest(
  session: Session,
  agreement: DigestAgreement,
  options: { readonly signal: AbortSignal },
): Promise<string> {
  assertKnown(agreement);
  const { rows } = await session.query<{ answer: string }>(probeQuery(agreement), undefined, options);
  return rows[0]?.answer ?? '';
}

/** What a digest consists of; the sum of many hashes may be wider than any integer of the server's. */
const digestColumns = [
  { name: 'group', codec: 'int4' },
  { name: 'rows', codec: 'int8' },
  { name: 'hash', codec: 'text' },
] as const;

/**
 * Count and sum of hashes per group; the sum does not depend on the order in which the server reads. By COPY, which comes piece by piece:
 * tens of thousands of groups as rows of the driver take 40 MB.
 */
export async function digestRows(context: ReadContext, request: DigestRequest): Promise<DigestResult> {
  const { session, table, collection, signal } = context;
  const { query } = request;
  assertKnown(query.agreement);
  const { partition } = request;
  const settings = [
    ...(query.groups > 1 ? [withoutSorting] : []),
    ...(partition.from === null && partition.to === null ? [] : [oneProcess]),
  ];
  if (settings.length > 0) await session.execute(settings.join('; '), { signal });
  const grouping = query.groups === 1 ? ' HAVING count(*) > 0' : ' GROUP BY 1';
  const select =
    `SELECT ${groupOf(query)}, count(*), sum(${rowHash(query)})::text ` +
    `${fromTable(table)}${whereClause(conditionsOf(request, collection))}${grouping}`;
  const digests = new GroupDigests(query.groups);
  for await (const { chunks } of decodeCopy(context, { select, columns: digestColumns }))
    for (const { rows } of chunks)
      for (const { group, rows: count, hash } of rows)
        digests.set(Number(group), { rows: Number(count), hash: BigInt(String(hash)) });
  return digests;
}

/** Key and hash of each row, in batches as they come. A row without a key goes by its hash. */
export async function* hashRows(
  context: ReadContext,
  request: DigestRequest & { readonly onlyGroups: ReadonlySet<number> | null },
): AsyncGenerator<readonly HashedKey[]> {
  const { query, onlyGroups } = request;
  const { session, table, types, signal, collection } = context;
  assertKnown(query.agreement);
  const columns = query.keyColumns.map((name) => columnOf(query, name, collection));
  const keys =
    columns.length === 0
      ? []
      : await describeOutput(session, { table, columns, types }, { signal, collection });
  const conditions = [
    ...conditionsOf(request, collection),
    ...(onlyGroups === null ? [] : [inGroups({ ...query, only: onlyGroups })]),
  ];
  const list = [rowHash(query), ...keys.map(wireExpression)].join(', ');
  const select = `SELECT ${list} ${fromTable(table)}${whereClause(conditions)}`;
  const decoded = [
    { name: hashColumn, codec: 'int8' as const },
    ...keys.map(({ name, type }) => ({ name, codec: typeRule(type).codec })),
  ];
  const keyColumns = keys.length === 0 ? [hashColumn] : query.keyColumns;
  for await (const { chunks } of decodeCopy(context, { select, columns: decoded })) {
    for (const { rows } of chunks) yield rows.map((row) => hashedKey(row, keyColumns));
  }
}

/** No column can be called so. */
const hashColumn = '\0hash';

function hashedKey(row: Row, keyColumns: readonly string[]): HashedKey {
  const hash = row[hashColumn];
  return { key: keyOf(row, keyColumns), hash: typeof hash === 'bigint' ? hash : 0n };
}

/** The rows of a partition that the selection lets through. */
export const conditionsOf = ({ query, partition, key }: DigestRequest, collection: string): string[] => [
  ...rangeConditions(partition, key, collection),
  ...filterCondition(query.selection),
];

export function columnOf(
  { selection }: DigestQuery,
  name: string,
  collection: string,
): DigestQuery['selection']['columns'][number] {
  const column = selection.columns.find((candidate) => candidate.name === name);
  if (column === undefined)
    throw new LockstepError('column-unknown', { collection, column: name, nearest: '' });
  return column;
}
