import type { FeedCollection } from '../../../../../protocol/feed.ts';
import { readItems } from '../../../catalog/read-items.ts';
import { formatName, parseName, type TableName } from '../../../names.ts';
import type { Session } from '../../../session/session.ts';
import type { CapturedCollection } from '../decode/projection.ts';
import { capturedTablesQuery } from './tables.sql.ts';

/** A table as capturing sees it. */
export interface CapturedTable extends TableName {
  /** pg_class.relkind. */
  readonly kind: string;
  /** p permanent, u unlogged, t temporary. */
  readonly persistence: string;
  readonly owner: string;
  /** We may do what its owner may. */
  readonly owned: boolean;
  /** Tables inherit from it. */
  readonly children: boolean;
  readonly columns: readonly CapturedColumn[];
  /** The tables that hold its rows: itself, or its table partitions. */
  readonly holders: readonly RowHolder[];
}

export interface CapturedColumn {
  readonly name: string;
  /** The stream can have it: generated columns are left out, stored ones up to PostgreSQL 17. */
  readonly published: boolean;
  /** Computed when it is read. */
  readonly virtual: boolean;
  /** The stream would spell its values otherwise than a read does. */
  readonly unspeakable: boolean;
}

export interface RowHolder extends TableName {
  readonly kind: string;
  readonly persistence: string;
  /** pg_class.relreplident: d default, i index, f full, n nothing. */
  readonly identity: string;
  /** Of the index that identifies rows; null: there is none. */
  readonly columns: readonly string[] | null;
}

type TableItem = Omit<CapturedTable, 'holders' | 'columns'> & {
  readonly columns: readonly CapturedColumn[] | null;
  readonly holders: readonly RowHolder[] | null;
};

export interface TablesRequest {
  readonly collections: readonly FeedCollection[];
  readonly defaultSchema: string;
  readonly signal: AbortSignal;
}

/** By `formatName`; tables that do not exist are missing. */
export async function readCapturedTables(
  session: Session,
  { collections, defaultSchema, signal }: TablesRequest,
): Promise<ReadonlyMap<string, CapturedTable>> {
  const names = new Map<string, TableName>();
  for (const { source } of collections) {
    const name = parseName(source, defaultSchema);
    names.set(formatName(name), name);
  }
  const list = [...names.values()];
  const items = await readItems<TableItem>(session, {
    sql: capturedTablesQuery,
    values: [list.map(({ schema }) => schema), list.map(({ table }) => table)],
    signal,
  });
  const tables = items.map((item) => ({ ...item, columns: item.columns ?? [], holders: item.holders ?? [] }));
  return new Map(tables.map((table) => [formatName(table), table]));
}

/** A collection with what its table says of it. Values that the stream can't carry are read again by key. */
export function capturedCollection(
  collection: FeedCollection,
  table: CapturedTable | undefined,
): CapturedCollection & { readonly source: string } {
  const { name, source, key, columns } = collection;
  const hidden = table?.columns.filter(({ published, unspeakable }) => !published || unspeakable) ?? [];
  const touches = columns === null || hidden.some((column) => columns.includes(column.name));
  return { name, source, key, columns: touches ? null : columns, touches };
}

/** Columns that identify a deleted row in the log, by holder; null: all columns are logged. */
export function identityOf(holder: RowHolder): readonly string[] | null {
  return holder.identity === 'f' ? null : (holder.columns ?? []);
}
