import pg from 'pg';

/** A connection for looking into a database, or meddling with it, from outside of the engine. */
export interface DatabaseClient extends AsyncDisposable {
  query<Row extends pg.QueryResultRow>(sql: string): Promise<{ readonly rows: Row[] }>;
}

export async function connectTo(url: string): Promise<DatabaseClient> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return { query: (sql) => client.query(sql), [Symbol.asyncDispose]: () => client.end() };
}
