import pg from 'pg';

/** One connection, for several questions one after the other. */
export interface Session extends AsyncDisposable {
  readonly client: pg.Client;
  isLost(): boolean;
  ask<Row extends pg.QueryResultRow>(sql: string): Promise<readonly Row[]>;
}

export async function openSession(url: string): Promise<Session> {
  const client = new pg.Client({ connectionString: url, application_name: 'chaos' });
  let lost = false;
  client.on('error', () => {}); // a lost connection is seen by the query that needs it
  client.on('end', () => {
    lost = true;
  });
  await client.connect();
  return {
    client,
    isLost: () => lost,
    ask: async <Row extends pg.QueryResultRow>(sql: string) => (await client.query<Row>(sql)).rows,
    [Symbol.asyncDispose]: () => client.end(),
  };
}

/** One statement, or several, over a connection of their own: nothing stays open that would hold a database up. */
export async function ask<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<readonly Row[]> {
  await using session = await openSession(url);
  return await session.ask<Row>(sql);
}
