import type { PgColumn, PgTable, PgUnique } from './pg-table.ts';
import { underlying } from './pg-type.ts';

/** Sets of columns that are unique over all rows, checked at once: what an upsert can go by. The primary key first. */
export function wholeKeys(
  table: Pick<PgTable, 'primaryKey' | 'uniques'>,
): readonly Pick<PgUnique, 'name' | 'columns'>[] {
  const primary = table.primaryKey === null || table.primaryKey.deferrable ? [] : [table.primaryKey];
  const uniques = table.uniques.filter(
    ({ predicate, expressions, deferrable }) => predicate === null && !expressions && !deferrable,
  );
  return [...primary, ...uniques];
}

/**
 * The columns that identify a row: the primary key, else the smallest unique index over columns that are never
 * null. Null: there is none.
 */
export function chooseKey(table: PgTable): readonly string[] | null {
  if (table.primaryKey !== null) return table.primaryKey.columns;
  const notNull = new Set(table.columns.filter((column) => column.notNull).map((column) => column.name));
  const candidates = wholeKeys(table).filter(({ columns }) => columns.every((column) => notNull.has(column)));
  const [first] = candidates.toSorted(
    (a, b) => a.columns.length - b.columns.length || (a.name < b.name ? -1 : 1),
  );
  return first?.columns ?? null;
}

/** A name for the order of a key that means the same on every server (see KeyShape.order); null where there is none. */
export function orderOf(table: PgTable, key: readonly string[]): string | null {
  const names = key.map((name) => {
    const column = table.columns.find((candidate) => candidate.name === name);
    return column === undefined ? null : columnOrder(column, table.database.encoding);
  });
  return names.length === 0 || names.includes(null) ? null : names.join(',');
}

function columnOrder(column: PgColumn, encoding: string): string | null {
  switch (underlying(column.type).name) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return 'int';
    case 'uuid':
      return 'uuid';
    case 'bytea':
      return 'bytes';
    case 'date':
      return 'date';
    case 'timestamp without time zone':
      return 'timestamp';
    case 'timestamp with time zone':
      return 'timestamptz';
    case 'text':
    case 'character varying':
      return encoding === 'UTF8' && isByteOrder(column) ? 'utf8-bytes' : null;
    default:
      return null;
  }
}

const byteOrdered: Readonly<Record<string, readonly string[]>> = {
  c: ['C', 'POSIX'],
  /** All locales of the builtin provider sort by code point, which in UTF-8 is the order of the bytes. */
  b: ['C', 'C.UTF-8', 'C.UTF8', 'PG_UNICODE_FAST'],
};

function isByteOrder({ collation }: PgColumn): boolean {
  if (collation === null || !collation.deterministic || collation.locale === null) return false;
  return byteOrdered[collation.provider]?.includes(collation.locale) ?? false;
}
