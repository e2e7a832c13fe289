import pg from 'pg';
import { expect } from 'vitest';
import type { PostgresServer, PostgresVersion } from '../../../tools/servers/postgres.ts';
import { createTestDatabase } from '../../support/postgres.ts';

/** A database of one test's own, on a server that may be stopped under it: each query has its own connection. */
export interface Side extends AsyncDisposable {
  readonly url: string;
  /** Rows of the last statement. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(sql: string): Promise<readonly Row[]>;
  /** For open transactions; closed with the side at the latest. */
  connect(): Promise<pg.Client>;
  urlFor(login: { readonly user: string }): string;
  createRole(attributes?: string): Promise<string>;
}

/** On the server of its version that all tests share. */
export async function sharedSide(version: PostgresVersion): Promise<Side> {
  const database = await createTestDatabase({ version });
  return sideOf(database.url, {
    createRole: (attributes) => database.createRole(attributes === undefined ? {} : { attributes }),
    dispose: async () => {
      await database[Symbol.asyncDispose]();
    },
  });
}

/** On a server of the test file's own. */
export async function ownSide(server: PostgresServer): Promise<Side> {
  const name = await server.createDatabase();
  const roles: string[] = [];
  return sideOf(server.url(name), {
    createRole: async (attributes) => {
      const role = await server.createRole(attributes === undefined ? {} : { attributes });
      roles.push(role);
      return role;
    },
    dispose: async () => {
      await server.dropDatabase(name);
      for (const role of roles) await server.dropRole(role);
    },
  });
}

interface SideParts {
  readonly createRole: (attributes?: string) => Promise<string>;
  readonly dispose: () => Promise<void>;
}

function sideOf(url: string, { createRole, dispose }: SideParts): Side {
  const clients: pg.Client[] = [];
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {}); // seen by the query that needs it
    await client.connect();
    return client;
  };
  return {
    url,
    query: async <Row extends pg.QueryResultRow>(sql: string): Promise<readonly Row[]> => {
      const client = await connect();
      try {
        const result: pg.QueryResult<Row> | readonly pg.QueryResult<Row>[] = await client.query<Row>(sql);
        return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : (result as pg.QueryResult<Row>).rows;
      } finally {
        await client.end();
      }
    },
    connect: async () => {
      const client = await connect();
      clients.push(client);
      return client;
    },
    urlFor: ({ user }) => {
      const other = new URL(url);
      other.username = user;
      return other.href;
    },
    createRole,
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled(clients.map((client) => client.end()));
      await dispose();
    },
  };
}

export async function rowsIn(side: Side, table: string): Promise<number> {
  const [row] = await side.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
  expect(row).toBeDefined();
  return row?.n ?? -1;
}
