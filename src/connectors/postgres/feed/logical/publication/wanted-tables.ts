import type { FeedCollection } from '../../../../../protocol/feed.ts';
import { formatName, parseName, qualified, quoteIdentifier, type TableName } from '../../../names.ts';
import { type CapturedTable, identityOf } from './captured-tables.ts';

/** A table of a publication. */
export interface PublishedTable extends TableName {
  /** Null: all columns. */
  readonly columns: readonly string[] | null;
}

/** What the publication must hold for these collections: no column that nobody asked for leaves the source. */
export function wantedTables(
  collections: readonly FeedCollection[],
  tables: ReadonlyMap<string, CapturedTable>,
  defaultSchema: string,
): PublishedTable[] {
  return [...tables.values()].map((table) => {
    const name = formatName(table);
    const readers = collections.filter(({ source }) => formatName(parseName(source, defaultSchema)) === name);
    return { schema: table.schema, table: table.table, columns: columnsFor(table, readers) };
  });
}

/**
 * Keys, wanted columns and the replica identity, without which the application's updates would be refused. No list where all columns are
 * wanted (a new column then comes by itself) or logged whole (the server allows none then).
 */
function columnsFor(table: CapturedTable, readers: readonly FeedCollection[]): readonly string[] | null {
  const identities = table.holders.map(identityOf);
  if (identities.includes(null)) return null;
  const needed = new Set([
    ...identities.flatMap((columns) => columns ?? []),
    ...readers.flatMap(({ key, columns }) => [...key, ...(columns ?? [])]),
  ]);
  const published = table.columns.filter((column) => column.published).map(({ name }) => name);
  const columns = published.filter((name) => needed.has(name));
  return columns.length === published.length ? null : columns;
}

export const samePublished = (a: PublishedTable, b: PublishedTable): boolean =>
  JSON.stringify(sorted(a.columns)) === JSON.stringify(sorted(b.columns));

const sorted = (columns: readonly string[] | null): readonly string[] | null => columns?.toSorted() ?? null;

/** `ONLY "public"."orders" ("id", "total")`: tables that inherit from it would be told under their own names. */
export function publishedText(table: PublishedTable): string {
  const list = table.columns === null ? '' : ` (${table.columns.map(quoteIdentifier).join(', ')})`;
  return `ONLY ${qualified(table)}${list}`;
}
