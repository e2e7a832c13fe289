import type { Session } from '../../../session/session.ts';

/**
 * The number of a transaction that begins and ends now. All that are open have lower ones, so they are over once a snapshot's xmin has
 * passed it. A snapshot's xmax says less: it is behind the last transaction that has *ended*, and open ones may be beyond it.
 */
export async function markNow(session: Session, options: { readonly signal: AbortSignal }): Promise<bigint> {
  const { rows } = await session.query<{ xid: string }>(
    'SELECT pg_catalog.pg_current_xact_id()::text AS xid',
    undefined,
    options,
  );
  const row = rows[0];
  if (row === undefined) throw new Error('the server gives no number to a transaction');
  return BigInt(row.xid);
}
