import { formatName, type TableName } from '../../../names.ts';
import type { CapturedTable } from './captured-tables.ts';
import type { Publication } from './plan-publication.ts';
import type { PublishedTable } from './wanted-tables.ts';

/** What is wanted and not published, in words; null: nothing. What is published beyond it loses nothing. */
export function lacking(
  existing: Publication | null,
  wanted: readonly PublishedTable[],
  tables: ReadonlyMap<string, CapturedTable>,
): string | null {
  if (existing === null) return 'the publication was dropped';
  if (!existing.everything || !existing.viaRoot) return 'the publication does not tell everything any more';
  if (existing.allTables) return null;
  const missing = wanted.find((table) => {
    const found = existing.tables.find((other) => formatName(other) === formatName(table));
    if (found === undefined || found.filtered) return true;
    const { columns } = found;
    return columns !== null && columnsOf(table, tables).some((name) => !columns.includes(name));
  });
  return missing === undefined ? null : `the publication lost (columns of) ${formatName(missing)}`;
}

const columnsOf = (
  table: PublishedTable & TableName,
  tables: ReadonlyMap<string, CapturedTable>,
): readonly string[] =>
  table.columns ??
  tables
    .get(formatName(table))
    ?.columns.filter((column) => column.published)
    .map(({ name }) => name) ??
  [];
