import pg from 'pg';
import {
  type PostgresServer,
  type StartPostgresOptions,
  startPostgres,
} from '../../../tools/servers/postgres.ts';

/** A server of one test file's own, which may be stopped, killed and filled. */
export interface OwnServer extends AsyncDisposable {
  readonly server: PostgresServer;
  /** Its only database. */
  readonly url: string;
  /** One or several statements on a connection of their own: those of before a restart are gone. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(sql: string): Promise<readonly Row[]>;
}

export async function startOwnServer(options: StartPostgresOptions): Promise<OwnServer> {
  const server = await startPostgres(options);
  const url = server.superuserUrl;
  return {
    server,
    url,
    query: (sql) => queryOnce(url, sql),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function queryOnce<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {}); // seen by the query that needs it
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
