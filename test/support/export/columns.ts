import type pg from 'pg';

/** A table by its name as SQL writes it ("public.users"), or a query; `key` only where it is not the primary key. */
export interface TableSource {
  readonly url: string;
  readonly table?: string;
  readonly query?: string;
  readonly key?: readonly string[];
  /** Only these columns are compared; default all. */
  readonly columns?: readonly string[];
}

export interface ExportColumn {
  readonly name: string;
  /** The type's binary output function, or undefined for the few types that have none. */
  readonly send: string | undefined;
}

export interface ExportPlan {
  readonly from: string;
  readonly columns: readonly ExportColumn[];
  /** Empty: rows are ordered by all their columns. */
  readonly key: readonly string[];
}

export async function planExport(client: pg.ClientBase, source: TableSource): Promise<ExportPlan> {
  const from =
    source.query === undefined ? await quotedTable(client, source.table ?? '') : `(${source.query})`;
  const described = await client.query(`SELECT * FROM ${from} AS exported LIMIT 0`);
  const wanted = described.fields.filter(({ name }) => source.columns?.includes(name) ?? true);
  const sends = await sendFunctions(
    client,
    wanted.map(({ dataTypeID }) => dataTypeID),
  );
  const columns = wanted
    .map(({ name, dataTypeID }) => ({ name, send: sends.get(dataTypeID) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { from, columns, key: source.key ?? (await primaryKey(client, source)) };
}

async function quotedTable(client: pg.ClientBase, table: string): Promise<string> {
  const found = await client.query<{ name: string }>(
    `SELECT format('%I.%I', nspname, relname) AS name
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::regclass`,
    [table],
  );
  const name = found.rows[0]?.name;
  if (name === undefined) throw new Error(`there is no table ${table}`);
  return name;
}

async function sendFunctions(client: pg.ClientBase, oids: readonly number[]): Promise<Map<number, string>> {
  const found = await client.query<{ oid: string; send: string }>(
    `SELECT t.oid::text AS oid, format('%I.%I', n.nspname, p.proname) AS send
       FROM pg_type t JOIN pg_proc p ON p.oid = t.typsend JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE t.oid = ANY ($1::oid[])`,
    [oids],
  );
  return new Map(found.rows.map(({ oid, send }) => [Number(oid), send]));
}

async function primaryKey(client: pg.ClientBase, source: TableSource): Promise<string[]> {
  if (source.table === undefined || source.query !== undefined) return [];
  const found = await client.query<{ name: string }>(
    `SELECT a.attname AS name
       FROM pg_index i
       JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, place) ON true
       JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
      WHERE i.indrelid = $1::regclass AND i.indisprimary ORDER BY k.place`,
    [source.table],
  );
  return found.rows.map(({ name }) => name);
}
