import type pg from 'pg';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { PostgresConfig } from '../config.ts';
import { connect } from './connect.ts';

const whoAnswers = 'SELECT pg_catalog.pg_backend_pid() AS pid';

/**
 * Called when another server process answers than the one that the login named: a connection pooler stands between. Throws `postgres-pooled`
 * when it shares server sessions (PgBouncer in transaction or statement mode), which shows when one process answers two connections, or
 * several one. Comes before anything is set: whoever shares a session would get our settings.
 */
export async function refuseSharedSessions(
  client: pg.Client,
  { config, processId, signal }: SharedSessionsRequest,
): Promise<void> {
  const { client: other, context } = await connect(config, signal);
  try {
    const shared = (detail: string) =>
      new LockstepError('postgres-pooled', { address: context.address, detail });
    if (!(await mayBegin(other))) throw shared('it takes no transactions of several statements');
    // The other one has its process for as long as the transaction is open, so that ours is given another if it has none of its own.
    if ((await processOf(other)) === processId) throw shared('one server process answers two connections');
    if ((await processOf(client)) !== processId)
      throw shared('several server processes answer one connection');
    await other.query('ROLLBACK');
  } finally {
    other.connection.stream.destroy();
  }
}

interface SharedSessionsRequest {
  readonly config: PostgresConfig;
  /** Which server process answered us first. */
  readonly processId: number;
  readonly signal: AbortSignal | undefined;
}

async function processOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(whoAnswers);
  return rows[0]?.pid ?? 0;
}

/** PgBouncer's statement mode refuses it as a breach of the protocol. */
async function mayBegin(client: pg.Client): Promise<boolean> {
  try {
    await client.query('BEGIN');
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === '08P01') return false;
    throw thrown;
  }
}
