import pg from 'pg';

/** Every table with its key, in the order in which its rows are hashed. */
const keyedTables = `
  SELECT c.oid::regclass::text AS table,
         string_agg('t.' || quote_ident(a.attname), ', ' ORDER BY array_position(i.indkey::int2[], a.attnum)) AS key
  FROM pg_class c
  JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
  GROUP BY c.oid ORDER BY 1`;

const hash = (table: string, key: string): string => `
  SELECT count(*) || ' rows ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY ${key})), '') AS truth FROM ${table} t`;

/** Counted and hashed by the servers themselves, without anything of ours. */
export async function differingTables(source: string, target: string): Promise<readonly string[]> {
  const [there, here] = await Promise.all([truthOf(source), truthOf(target)]);
  return [...there].flatMap(([table, truth]) =>
    here.get(table) === truth ? [] : [`${table}: ${truth}, but ${here.get(table) ?? 'nothing'}`],
  );
}

async function truthOf(url: string): Promise<ReadonlyMap<string, string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ table: string; key: string }>(keyedTables);
    const truths = new Map<string, string>();
    for (const { table, key } of rows) {
      const found = await client.query<{ truth: string }>(hash(table, key));
      truths.set(table, found.rows[0]?.truth ?? '');
    }
    return truths;
  } finally {
    await client.end();
  }
}
