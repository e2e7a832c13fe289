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
  if (!tellsEverything(existing)) return 'the publication does not tell everything any more';
  const [missing] = unpublished(existing, wanted, tables);
  return missing === undefined ? null : `the publication lost (columns of) ${formatName(missing)}`;
}

const tellsEverything = ({ everything, viaRoot }: Publication): boolean => everything && viaRoot;

/** Of these tables those of which the publication does not tell all that is wanted. */
export function unpublished(
  existing: Publication,
  wanted: readonly PublishedTable[],
  tables: ReadonlyMap<string, CapturedTable>,
): readonly PublishedTable[] {
  if (!tellsEverything(existing)) return wanted;
  if (existing.allTables) return [];
  return wanted.filter((table) => {
    const found = existing.tables.find((other) => formatName(other) === formatName(table));
    if (found === undefined || found.filtered) return true;
    const { columns } = found;
    return columns !== null && columnsOf(table, tables).some((name) => !columns.includes(name));
  });
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
