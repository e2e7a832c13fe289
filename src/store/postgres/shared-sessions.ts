import pg from 'pg';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';

const whoAnswers = 'SELECT pg_catalog.pg_backend_pid()::text AS pid';

/**
 * Throws `postgres-pooled` where a connection pooler shares server sessions, before anything is set: what we set would reach whoever gets the
 * session next, and we would lose it. As the connector does it (docs/decisions/2026-11-29-no-shared-sessions.md): the login names another
 * process than the one that answers, and while a second connection holds a transaction, both have one process or ours gets another.
 */
export async function refuseSharedSessions(
  client: pg.Client,
  { label, connectAnother }: { readonly label: string; readonly connectAnother: () => Promise<pg.Client> },
): Promise<void> {
  const answering = await processOf(client);
  if (answering === processOfLogin(client)) return;
  const other = await connectAnother();
  try {
    const shared = (detail: string) => new LockstepError('postgres-pooled', { address: label, detail });
    if (!(await mayBegin(other))) throw shared('it takes no transactions of several statements');
    if ((await processOf(other)) === answering) throw shared('one server process answers two connections');
    if ((await processOf(client)) !== answering)
      throw shared('several server processes answer one connection');
    await other.query('ROLLBACK');
  } finally {
    other.connection.stream.destroy();
  }
}

/** The driver's types leave it out; null where no key of a session was told. */
function processOfLogin(client: pg.Client): number | null {
  return 'processID' in client && typeof client.processID === 'number' ? client.processID : null;
}

async function processOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: string }>(whoAnswers);
  return Number(rows[0]?.pid);
}

/** PgBouncer's statement mode refuses it as a breach of the protocol. */
async function mayBegin(client: pg.Client): Promise<boolean> {
  try {
    await client.query('BEGIN');
    return true;
  } catch (thrown) {
    if (thrown instanceof pg.DatabaseError && thrown.code === '08P01') return false;
    throw thrown;
  }
}
