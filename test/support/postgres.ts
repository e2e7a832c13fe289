import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import pg from 'pg';
import { expect } from 'vitest';
import {
  type CreateDatabaseOptions,
  type CreateRoleOptions,
  createDatabase,
  createRole,
  databaseUrl,
  dropDatabase,
  dropRole,
} from '../../tools/servers/postgres/databases.ts';
import type { PostgresVersion } from '../../tools/servers/postgres.ts';
import { askDesk } from './runner/ask-desk.ts';

export interface TestDatabaseOptions extends Omit<CreateDatabaseOptions, 'name' | 'template'> {
  /** Default 18. */
  readonly version?: PostgresVersion;
  /** Another test database to copy; nobody may be connected to it. */
  readonly template?: TestDatabase;
}

/** A database of one test's own, on the server of its version that all tests of the run share. */
export interface TestDatabase extends AsyncDisposable {
  readonly version: PostgresVersion;
  readonly name: string;
  /** As the superuser. */
  readonly url: string;
  /** The shared server's database `postgres`; what a test makes there (slots, roles) it removes itself. */
  readonly serverUrl: string;
  urlFor(login: { readonly user: string; readonly password?: string }): string;
  /** One statement with parameters, or several without, on one connection that lives as long as the database. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>>;
  /** A connection of its own, for open transactions and the like; closed with the database at the latest. */
  connect(config?: pg.ClientConfig): Promise<pg.Client>;
  /** A role of the server that is dropped with this database. */
  createRole(options?: CreateRoleOptions): Promise<string>;
}

/** `await using db = await createTestDatabase({ version: 17 })`: dropped, with all that hangs on it, on dispose. */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { version = 18, template, ...rest } = options;
  const answer = await askDesk(`/postgres/${version}`);
  if ('attempts' in answer) throw new Error(answer.attempts.join('\n  - '));
  const name = await createDatabase(answer.url, { ...rest, name: nameForTest(), template: template?.name });
  return new DatabaseOfTest({ version, name, serverUrl: answer.url });
}

// Named after the test file: a database that is left behind tells whose it is.
function nameForTest(): string {
  const file = basename(expect.getState().testPath ?? 'test').replace(/\.test\.ts$/, '');
  return `${file.replaceAll(/[^a-z0-9]+/gi, '_').slice(0, 40)}_${randomBytes(6).toString('hex')}`;
}

class DatabaseOfTest implements TestDatabase {
  readonly version: PostgresVersion;
  readonly name: string;
  readonly url: string;
  readonly serverUrl: string;
  readonly #clients: pg.Client[] = [];
  readonly #roles: string[] = [];
  #own: Promise<pg.Client> | undefined;

  constructor(parts: {
    readonly version: PostgresVersion;
    readonly name: string;
    readonly serverUrl: string;
  }) {
    this.version = parts.version;
    this.name = parts.name;
    this.serverUrl = parts.serverUrl;
    this.url = databaseUrl(parts.serverUrl, parts.name);
  }

  urlFor(login: { readonly user: string; readonly password?: string }): string {
    return databaseUrl(this.serverUrl, this.name, login);
  }

  async query<Row extends pg.QueryResultRow>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<pg.QueryResult<Row>> {
    this.#own ??= this.connect();
    const client = await this.#own;
    return values === undefined ? client.query<Row>(sql) : client.query<Row>(sql, [...values]);
  }

  async connect(config: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url, application_name: this.name, ...config });
    client.on('error', () => {}); // a lost connection is seen by the query that needs it
    await client.connect();
    this.#clients.push(client);
    return client;
  }

  async createRole(options?: CreateRoleOptions): Promise<string> {
    const role = await createRole(this.serverUrl, options);
    this.#roles.push(role);
    return role;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#clients.map((client) => client.end()));
    await dropDatabase(this.serverUrl, this.name);
    for (const role of this.#roles) await dropRole(this.serverUrl, role);
  }
}
