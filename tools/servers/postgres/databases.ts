import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { passwordRole } from './cluster.ts';

/** How a database compares text. ICU and libc names as PostgreSQL takes them; builtin: C, C.UTF-8, PG_UNICODE_FAST (18). */
export interface DatabaseLocale {
  readonly provider: 'icu' | 'libc' | 'builtin';
  readonly name: string;
}

export interface CreateDatabaseOptions {
  readonly name?: string | undefined;
  /** Default: template1, or template0 where locale or encoding are given. */
  readonly template?: string | undefined;
  readonly owner?: string | undefined;
  readonly encoding?: string | undefined;
  readonly locale?: DatabaseLocale | undefined;
}

/** Creates a database on the server that `serverUrl` (of a superuser) names, and returns its name. */
export async function createDatabase(
  serverUrl: string,
  options: CreateDatabaseOptions = {},
): Promise<string> {
  const name = options.name ?? `db_${randomBytes(6).toString('hex')}`;
  const special = options.locale !== undefined || options.encoding !== undefined;
  const template = options.template ?? (special ? 'template0' : 'template1');
  // Copied as files it takes half the work of the other way, which writes every page into the log that each walsender of the server reads.
  const clauses = [`TEMPLATE ${pg.escapeIdentifier(template)}`, 'STRATEGY file_copy'];
  if (options.owner !== undefined) clauses.push(`OWNER ${pg.escapeIdentifier(options.owner)}`);
  if (options.encoding !== undefined) clauses.push(`ENCODING ${pg.escapeLiteral(options.encoding)}`);
  if (options.locale !== undefined) clauses.push(localeClause(options.locale));
  await withClient(serverUrl, (client) =>
    client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)} ${clauses.join(' ')}`),
  );
  return name;
}

function localeClause({ provider, name }: DatabaseLocale): string {
  const value = pg.escapeLiteral(name);
  switch (provider) {
    case 'icu':
      return `LOCALE_PROVIDER icu ICU_LOCALE ${value} LOCALE 'C'`;
    case 'libc':
      return `LOCALE_PROVIDER libc LOCALE ${value}`;
    case 'builtin':
      return `LOCALE_PROVIDER builtin BUILTIN_LOCALE ${value} LOCALE 'C'`;
  }
}

/**
 * Drops a database with everything that would hold it: sessions, replication slots, subscriptions and
 * prepared transactions. One that does not exist is no error.
 */
export async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  await withClient(serverUrl, async (client) => {
    await dropHolders(client, { serverUrl, name });
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()`,
      [name],
    );
    await dropSlots(client, name);
    await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
  });
}

// These two can only be removed from inside the database.
async function dropHolders(
  client: pg.Client,
  { serverUrl, name }: { readonly serverUrl: string; readonly name: string },
): Promise<void> {
  const found = await client.query<{ subscriptions: string[]; prepared: string[] }>(
    `SELECT array(SELECT subname::text FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
                  WHERE d.datname = $1) AS subscriptions,
            array(SELECT gid FROM pg_prepared_xacts WHERE database = $1) AS prepared`,
    [name],
  );
  const { subscriptions = [], prepared = [] } = found.rows[0] ?? {};
  if (subscriptions.length + prepared.length === 0) return;
  await withClient(databaseUrl(serverUrl, name), async (inside) => {
    for (const gid of prepared) await inside.query(`ROLLBACK PREPARED ${pg.escapeLiteral(gid)}`);
    for (const subscription of subscriptions.map((each) => pg.escapeIdentifier(each))) {
      await inside.query(`ALTER SUBSCRIPTION ${subscription} DISABLE`);
      await inside.query(`ALTER SUBSCRIPTION ${subscription} SET (slot_name = NONE)`);
      await inside.query(`DROP SUBSCRIPTION ${subscription}`);
    }
  });
}

// A slot is free only a moment after its session was told to end.
async function dropSlots(client: pg.Client, database: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    await client.query(
      `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = $1 AND active`,
      [database],
    );
    await client
      .query(
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = $1 AND NOT active`,
        [database],
      )
      .catch(() => undefined);
    const left = await client.query(`SELECT 1 FROM pg_replication_slots WHERE database = $1`, [database]);
    if (left.rowCount === 0) return;
    await client.query('SELECT pg_sleep(0.02)');
  }
  throw new Error(`a replication slot of database ${database} can't be dropped`);
}

export interface CreateRoleOptions {
  readonly name?: string;
  /** With one, the role must log in with it (scram-sha-256); without, it is trusted. */
  readonly password?: string;
  /** As after CREATE ROLE name, for example 'REPLICATION NOINHERIT'. Always LOGIN. */
  readonly attributes?: string;
}

/** Roles belong to the server, not to a database: who creates one drops it. Returns its name. */
export async function createRole(serverUrl: string, options: CreateRoleOptions = {}): Promise<string> {
  const name = options.name ?? `role_${randomBytes(6).toString('hex')}`;
  const role = pg.escapeIdentifier(name);
  await withClient(serverUrl, async (client) => {
    await client.query(`CREATE ROLE ${role} LOGIN ${options.attributes ?? ''}`);
    if (options.password === undefined) return;
    await client.query(`ALTER ROLE ${role} PASSWORD ${pg.escapeLiteral(options.password)}`);
    await client.query(`GRANT ${passwordRole} TO ${role} WITH INHERIT FALSE, SET FALSE`);
  });
  return name;
}

export async function dropRole(serverUrl: string, name: string): Promise<void> {
  await withClient(serverUrl, (client) => client.query(`DROP ROLE IF EXISTS ${pg.escapeIdentifier(name)}`));
}

export async function createPasswordRole(serverUrl: string): Promise<void> {
  await withClient(serverUrl, (client) => client.query(`CREATE ROLE ${passwordRole} NOLOGIN`));
}

/** The same server and user, another database; or another user. */
export function databaseUrl(
  serverUrl: string,
  database: string,
  login: { readonly user?: string; readonly password?: string } = {},
): string {
  const url = new URL(serverUrl);
  url.pathname = `/${encodeURIComponent(database)}`;
  if (login.user !== undefined) url.username = encodeURIComponent(login.user);
  if (login.password !== undefined) url.password = encodeURIComponent(login.password);
  return url.href;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'lockstep-test-server' });
  client.on('error', () => {}); // a lost connection is seen by the query that needs it
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
