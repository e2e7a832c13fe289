import { randomBytes } from 'node:crypto';
import { chat, currentChat, marketplace, people } from '../../src/recipes/user-table/demo/schemas.sql.ts';
import { execute } from '../harness/databases.ts';
import { LiveServers } from '../live/servers.ts';

interface Databases {
  /** Of the marketplace and of the chat. */
  readonly source: string;
  readonly target: string;
  readonly scratch: string;
}

/** A marketplace and a chat, each on a server whose commits reach the disk; the chat is made anew for every run. */
export class Town implements AsyncDisposable {
  readonly databases: Databases;
  readonly #servers: LiveServers;
  #filled = 0;

  private constructor(servers: LiveServers, databases: Databases) {
    this.#servers = servers;
    this.databases = databases;
  }

  static async start(): Promise<Town> {
    const servers = await LiveServers.start();
    const { source, target, scratch } = servers;
    await source.createDatabase('myusta_backend');
    await target.createDatabase('myusta_chatapp');
    const town = new Town(servers, {
      source: source.url('myusta_backend'),
      target: target.url('myusta_chatapp'),
      scratch,
    });
    await execute(town.databases.source, marketplace);
    return town;
  }

  /** So many users at the marketplace. */
  async fill(users: number): Promise<void> {
    if (this.#filled === users) return;
    await this.#source(`TRUNCATE users; ${people(1, users)}; VACUUM ANALYZE users`);
    this.#filled = users;
  }

  /** An empty chat, without anything that somebody remembers of it. */
  async emptyChat(): Promise<void> {
    await this.#chat(
      `DROP SCHEMA IF EXISTS lockstep CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public`,
    );
    await this.#chat(chat(currentChat));
  }

  /** Spoils a share of the chat's users, spread evenly; the trigger of the chat's own costs nobody anything here. */
  async spoil(share: number): Promise<void> {
    const every = Math.round(1 / share);
    await this.#chat(
      `UPDATE users SET name = 'spoiled' WHERE right(id::text, 12)::bigint % ${every} = 0; VACUUM ANALYZE users`,
    );
  }

  /** Throws unless the chat shows every user as the marketplace has it. */
  async prove(users: number): Promise<void> {
    const [row] = await execute(
      this.databases.target,
      `SELECT count(*)::int AS users, count(*) FILTER (WHERE name = 'spoiled' OR "externalId" <> id OR "metaData" IS NULL)::int AS wrong FROM users`,
    );
    if (row?.['users'] !== users || row['wrong'] !== 0)
      throw new Error(`the chat is wrong: ${JSON.stringify(row)}`);
  }

  /** Variables of a recipe that remembers nothing of what was before. */
  environment(): Readonly<Record<string, string>> {
    const { source, target, scratch } = this.databases;
    return {
      ...variablesOf('SOURCE_DB', source),
      ...variablesOf('CHAT_DB', target),
      STATE_DIRECTORY: `${scratch}/${randomBytes(6).toString('hex')}`,
      HTTP_PORT: '0',
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#servers[Symbol.asyncDispose]();
  }

  /** One statement at a time: VACUUM runs in no transaction. */
  async #source(sql: string): Promise<void> {
    for (const statement of sql.split(';')) await execute(this.databases.source, statement);
  }

  async #chat(sql: string): Promise<void> {
    const statements = sql.includes('CREATE FUNCTION') ? [sql] : sql.split(';');
    for (const statement of statements) await execute(this.databases.target, statement);
  }
}

function variablesOf(prefix: string, text: string): Readonly<Record<string, string>> {
  const url = new URL(text);
  return {
    [`${prefix}_HOST`]: url.hostname,
    [`${prefix}_PORT`]: url.port,
    [`${prefix}_NAME`]: url.pathname.slice(1),
    [`${prefix}_USER`]: url.username,
    [`${prefix}_PASSWORD`]: 'trusted here',
  };
}
