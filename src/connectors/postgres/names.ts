import type { CollectionName } from '../../protocol/names.ts';

export interface TableName {
  readonly schema: string;
  readonly table: string;
}

export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A text as SQL literal; sessions have standard_conforming_strings on, so a backslash is only a backslash. */
export const quoteLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Always quoted, always with its schema: independent of search_path. */
export const qualified = ({ schema, table }: TableName): string =>
  `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;

/**
 * Reads `users`, `public.users`, `"Odd.Schema"."Tab""le"`. What is not quoted is taken as it stands: names are
 * case sensitive here, unlike in SQL, because people copy them from their tools.
 */
export function parseName(text: CollectionName, defaultSchema = 'public'): TableName {
  const parts = splitName(text);
  const [first, second] = parts;
  if (first === undefined || parts.length > 2) return { schema: defaultSchema, table: text };
  return second === undefined ? { schema: defaultSchema, table: first } : { schema: first, table: second };
}

/** The canonical spelling: always with the schema, quoted only where `parseName` needs it. */
export const formatName = ({ schema, table }: TableName): CollectionName =>
  `${formatPart(schema)}.${formatPart(table)}`;

const formatPart = (part: string): string => (/^[^".]+$/.test(part) ? part : quoteIdentifier(part));

/** The parts of a name between dots that are not inside quotes, without their quotes. */
function splitName(text: string): string[] {
  const parts = text.match(/"(?:[^"]|"")*"|[^."]+/g) ?? [];
  return parts.map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part));
}
