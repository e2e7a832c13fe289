import type { Database, QueryOptions } from '../../../index.ts';

/** One of the two `users` tables, as the catalogue has it now: deployments differ. */
export type Columns = ReadonlyMap<string, Column>;

export interface Column {
  readonly type: string;
  readonly nullable: boolean;
  /** Characters of a `varchar(n)`; null: no limit. */
  readonly length: number | null;
  /** Of an enum; null: it is none. */
  readonly labels: readonly string[] | null;
}

export interface Tables {
  readonly source: Columns;
  readonly chat: Columns;
}

const columnsOfUsers = `
SELECT a.attname::text AS name, t.typname::text AS type, NOT a.attnotnull AS nullable,
  CASE WHEN t.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4 THEN a.atttypmod - 4 END AS length,
  CASE WHEN t.typtype = 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) END AS labels
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass('public.users') AND a.attnum > 0 AND NOT a.attisdropped`;

export async function readTables(
  { source, chat }: { readonly source: Database; readonly chat: Database },
  options: QueryOptions,
): Promise<Tables> {
  const [marketplace, application] = await Promise.all([
    readColumns(source, options),
    readColumns(chat, options),
  ]);
  return { source: marketplace, chat: application };
}

async function readColumns(database: Database, options: QueryOptions): Promise<Columns> {
  const rows = await database.query<Column & { readonly name: string }>(columnsOfUsers, undefined, options);
  return new Map(rows.map(({ name, ...column }) => [name, column]));
}
