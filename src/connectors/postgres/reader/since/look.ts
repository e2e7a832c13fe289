import type { TableName } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import type { OpenTransaction } from './advance.ts';
import {
  highestQuery,
  type PreparedRow,
  preparedQuery,
  type ServerRow,
  type SessionRow,
  serverQuery,
  sessionsQuery,
} from './look.sql.ts';

/** What the server tells of itself at one look. */
export interface ServerLook {
  readonly clock: bigint | null;
  readonly log: bigint;
  readonly transaction: bigint;
  /** By the place of the column among those that were asked for; null: no rows. */
  readonly highest: readonly (bigint | null)[];
  readonly open: readonly NamedTransaction[];
}

export interface NamedTransaction extends OpenTransaction {
  /** For people. */
  readonly name: string;
}

export interface NumberColumn {
  readonly table: TableName;
  readonly column: string;
}

/** Marks first, then who is open: whoever is not among them began after the marks were read, or its rows can be seen by now. */
export function look(
  session: Session,
  columns: readonly NumberColumn[],
  options: { readonly signal: AbortSignal },
): Promise<ServerLook> {
  // In one transaction, so that a pooler does not give its statements to several sessions.
  return session.transaction(
    async () => {
      const { rows } = await session.query<ServerRow>(serverQuery, undefined, options);
      const [server] = rows;
      if (server === undefined) throw new Error('the server says nothing about itself');
      const highest: (bigint | null)[] = [];
      for (const column of columns) highest.push(await highestOf(session, column, options));
      const sessions = await session.query<SessionRow>(sessionsQuery, undefined, options);
      const prepared = await session.query<PreparedRow>(preparedQuery, undefined, options);
      return {
        clock: wholeOf(server.clock),
        log: BigInt(server.log),
        transaction: BigInt(server.transaction),
        highest,
        open: [...sessions.rows.map(toSession), ...prepared.rows.map(toPrepared)],
      };
    },
    { begin: 'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL row_security = off', ...options },
  );
}

async function highestOf(
  session: Session,
  { table, column }: NumberColumn,
  options: { readonly signal: AbortSignal },
): Promise<bigint | null> {
  const { rows } = await session.query<{ highest: string | null }>(
    highestQuery(table, column),
    undefined,
    options,
  );
  return wholeOf(rows[0]?.highest ?? null);
}

const wholeOf = (text: string | null): bigint | null => (text === null ? null : BigInt(text));

const toSession = ({ id, pid, since }: SessionRow): NamedTransaction => ({
  id,
  isPrepared: false,
  since: wholeOf(since),
  name: `a transaction of process ${pid}`,
});

const toPrepared = ({ id, gid, prepared }: PreparedRow): NamedTransaction => ({
  id,
  isPrepared: true,
  since: null,
  name: `the prepared transaction ${gid} (of ${prepared})`,
});
