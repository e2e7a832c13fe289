import type { Finding } from '../../../../protocol/finding.ts';
import { finding } from '../../../../protocol/finding.ts';
import type { CursorSettings } from '../../../../protocol/since.ts';
import type { PgIndex, PgTable } from '../../catalog/pg-table.ts';
import { qualified, quoteIdentifier } from '../../names.ts';
import { overlapOf } from '../../reader/since/range.ts';
import { type TableColumn, tableColumn } from '../../reader/since/table-column.ts';
import type { Session } from '../../session/session.ts';
import { checkSetters } from './check-setters.ts';
import { isZoneQuery, nullShareQuery } from './cursor-facts.sql.ts';

export interface CursorUnderCheck {
  readonly collection: string;
  readonly table: PgTable;
  readonly settings: CursorSettings;
}

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** Whether what changed can be told by this column, and at what price. A column that is missing is told elsewhere. */
export async function checkColumn(
  session: Session,
  { collection, table, settings }: CursorUnderCheck,
  options: Options,
): Promise<readonly Finding[]> {
  const column = tableColumn(table, settings.column);
  const subject = `${collection}.${settings.column}`;
  const type = table.columns.find(({ name }) => name === settings.column)?.formatType;
  if (type === undefined) return [];
  const named = { collection, column: settings.column, type };
  if (column === null) return [finding({ level: 'error', subject }, 'cursor-type-unfit', named)];
  const overlap = settings.overlap ?? '';
  return [
    ...(overlapOf(column.kind, settings) === null
      ? [finding({ level: 'error', subject }, 'cursor-overlap-unfit', { ...named, overlap })]
      : []),
    ...(await checkZone(session, { collection, column, settings }, options)),
    ...checkIndex(collection, column),
    ...(await checkNulls(session, { collection, column }, options)),
    ...(await checkSetters(session, { collection, column }, options)),
  ];
}

async function checkZone(
  session: Session,
  { collection, column, settings }: Omit<CursorUnderCheck, 'table'> & { readonly column: TableColumn },
  options: Options,
): Promise<readonly Finding[]> {
  const subject = `${collection}.${settings.column}`;
  const { timeZone: zone } = settings;
  if (!column.isLocal) return [];
  if (zone === null)
    return [
      finding({ level: 'error', subject }, 'cursor-zone-missing', { collection, column: settings.column }),
    ];
  const { rows } = await session.query<{ known: boolean }>(isZoneQuery, [zone], options);
  return rows[0]?.known === true
    ? []
    : [finding({ level: 'error', subject }, 'cursor-zone-unknown', { collection, zone })];
}

function checkIndex(collection: string, { table, column }: TableColumn): readonly Finding[] {
  if (table.indexes.some((index) => beginsWith(index, column.name))) return [];
  // One that is built beside the work can't be made over table partitions at once.
  const how = table.kind === 'p' ? 'CREATE INDEX' : 'CREATE INDEX CONCURRENTLY';
  const statement = `${how} ON ${qualified(table)} (${quoteIdentifier(column.name)});`;
  const subject = `${collection}.${column.name}`;
  return [
    finding({ level: 'warning', subject }, 'cursor-unindexed', {
      collection,
      column: column.name,
      statement,
    }),
  ];
}

/** Of all rows, and in the column's order. */
const beginsWith = ({ tail }: PgIndex, column: string): boolean =>
  !/\) WHERE \(/.test(tail) &&
  [column, quoteIdentifier(column)].some((name) =>
    [',', ')', ' '].some((end) => tail.startsWith(`USING btree (${name}${end}`)),
  );

async function checkNulls(
  session: Session,
  { collection, column: { table, column } }: { readonly collection: string; readonly column: TableColumn },
  options: Options,
): Promise<readonly Finding[]> {
  if (column.notNull) return [];
  const values = [table.schema, table.table, column.name];
  const { rows } = await session.query<{ share: number | null }>(nullShareQuery, values, options);
  const share = rows[0]?.share ?? null;
  const found =
    share === null ? 'nobody has counted them' : `about ${Math.round(share * table.estimatedRows)}`;
  return [
    finding({ level: 'warning', subject: `${collection}.${column.name}` }, 'cursor-nullable', {
      collection,
      column: column.name,
      rows: found,
      table: qualified(table),
      name: quoteIdentifier(column.name),
    }),
  ];
}
