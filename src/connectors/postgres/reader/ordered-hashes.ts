import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { underlying } from '../catalog/pg-type.ts';
import { codecs } from '../types/codecs.ts';
import { textTransport } from '../types/text-transport.ts';
import { typeRule } from '../types/type-table.ts';
import { assertKnown, oneProcess, rowHash } from './digest.sql.ts';
import { columnOf, conditionsOf, type DigestRequest } from './digest.ts';
import { type PagedKeyColumn, PostgresHashPage } from './hash-page.ts';
import { HashPager } from './hash-pager.ts';
import { keyColumn, type RangeKey } from './key-range.ts';
import type { ReadContext } from './postgres-snapshot.ts';
import { describeOutput, fromTable, type OutputColumn, whereClause, wireExpression } from './select.ts';

/** Keys and hashes of a partition are sorted in memory where no index gives their order: some 40 bytes a row. */
const roomForSorting = `SET LOCAL work_mem = '32MB'`;

/** Key and hash of each row in the order of the key. */
export async function* hashRowsInOrder(
  context: ReadContext,
  request: DigestRequest & { readonly key: RangeKey },
): AsyncGenerator<PostgresHashPage> {
  const { query, partition, key } = request;
  const { session, table, types, signal, collection } = context;
  assertKnown(query.agreement);
  const columns = query.keyColumns.map((name) => columnOf(query, name, collection));
  const output = await describeOutput(session, { table, columns, types }, { signal, collection });
  const isPart = partition.from !== null || partition.to !== null;
  await session.execute([roomForSorting, ...(isPart ? [oneProcess] : [])].join('; '), { signal });
  const list = [rowHash(query), ...output.map(wireExpression)].join(', ');
  const order = key.columns.map(keyColumn).join(', ');
  const select = `SELECT ${list} ${fromTable(table)}${whereClause(conditionsOf(request, collection))} ORDER BY ${order}`;
  const paged = output.map(pagedColumn);
  const pager = new HashPager(paged.length + 1);
  const sql = `COPY (${select}) TO STDOUT (FORMAT binary)`;
  for await (const { bytes } of session.copyOut(sql, { signal, collection })) {
    for (const rows of pager.push(bytes)) yield new PostgresHashPage(rows, paged);
  }
  pager.finish();
}

/** Types whose binary form begins with a sign; the others that keys of a shared order can have are compared by bytes. */
const signedTypes: ReadonlySet<string> = new Set([
  'smallint',
  'integer',
  'bigint',
  'date',
  'timestamp without time zone',
  'timestamp with time zone',
]);

function pagedColumn({ type, name }: OutputColumn): PagedKeyColumn {
  const { codec } = typeRule(type);
  const { decode } = codec === null ? textTransport : codecs[codec];
  if (decode === undefined) throw new LockstepError('internal', { detail: `nothing decodes ${name}` });
  return { signed: signedTypes.has(underlying(type).name), decode };
}
