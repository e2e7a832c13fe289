import type pg from 'pg';

/** A table by its name as SQL writes it ("public.users"), or a query; `key` only where it is not the primary key. */
export interface TableSource {
  readonly url: string;
  /** Open already, and used for nothing else meanwhile: whoever exports many tables need not connect for each. */
  readonly client?: pg.ClientBase;
  readonly table?: string;
  readonly query?: string;
  readonly key?: readonly string[];
  /** Only these columns are compared; default all. */
  readonly columns?: readonly string[];
}

export interface ExportColumn {
  readonly name: string;
  /** A call of the type's binary output function with `%s` for the value, or undefined where there is none. */
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

/**
 * Of domains that of the type they stand for. None where a part has none, or where the binary form has OIDs in it
 * that differ between servers (reg* types, containers of the database's own types): their text is exact.
 */
const sendFunctionsSql = `
  WITH RECURSIVE domains AS (
    SELECT oid AS wanted, oid FROM pg_type WHERE oid = ANY ($1::oid[])
    UNION ALL
    SELECT d.wanted, t.typbasetype FROM domains d JOIN pg_type t ON t.oid = d.oid WHERE t.typtype = 'd'
  ), plain AS (
    SELECT d.wanted, t.* FROM domains d JOIN pg_type t ON t.oid = d.oid WHERE t.typtype <> 'd'
  ), parts AS (
    SELECT wanted, oid AS part FROM plain
    UNION
    SELECT p.wanted, within.oid FROM parts p JOIN pg_type t ON t.oid = p.part
      CROSS JOIN LATERAL (
        SELECT t.typelem WHERE t.typcategory = 'A'
        UNION ALL
        SELECT a.atttypid FROM pg_attribute a
         WHERE a.attrelid = t.typrelid AND t.typtype = 'c' AND a.attnum > 0
      ) AS within (oid)
  ), unfit AS (
    SELECT p.wanted FROM parts p JOIN pg_type t ON t.oid = p.part
     WHERE t.typsend = 0 OR t.typinput::text LIKE 'reg%in' OR (p.part <> p.wanted AND p.part >= 16384)
  )
  SELECT p.wanted::text AS oid, format('%I.%I(%%s::%I.%I)', n.nspname, f.proname, m.nspname, a.typname) AS send
    FROM plain p JOIN pg_proc f ON f.oid = p.typsend JOIN pg_namespace n ON n.oid = f.pronamespace
    JOIN pg_type takes ON takes.oid = f.proargtypes[0]
    JOIN pg_type a ON a.oid = CASE WHEN takes.typtype = 'p' THEN p.oid ELSE takes.oid END
    JOIN pg_namespace m ON m.oid = a.typnamespace
   WHERE p.wanted NOT IN (SELECT wanted FROM unfit)`;

async function sendFunctions(client: pg.ClientBase, oids: readonly number[]): Promise<Map<number, string>> {
  const found = await client.query<{ oid: string; send: string }>(sendFunctionsSql, [oids]);
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
