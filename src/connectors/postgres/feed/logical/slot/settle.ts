import type { ConnectorNotice } from '../../../../../protocol/connector.ts';
import type { Session } from '../../../session/session.ts';
import { pause } from '../pause.ts';
import { openTransactions } from './open-transactions.ts';

const noticeMs = 5_000;
const longestPauseMs = 200;

/**
 * A number that is given out now is above that of every transaction that has written anything so far. The xmax of a snapshot is not: it
 * is one above the last transaction that has *ended*, so one that is just about to be seen may be at or above it. A standby gives out none.
 */
const numberQuery = `
SELECT (CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())
        ELSE pg_catalog.pg_current_xact_id() END)::text AS number`;
/** $1 xid8 */
const reachedQuery = `SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()) >= $1::xid8 AS reached`;

/**
 * Waits until every transaction that is open now has ended. What is in the log before now belongs to such a one or to one that has ended
 * already, so whatever is read afterwards shows it: a commit is in the log a moment before other sessions see it.
 */
export async function settle(
  session: Session,
  options: { readonly notice: (notice: ConnectorNotice) => void; readonly signal: AbortSignal },
): Promise<void> {
  const { notice, signal } = options;
  const { rows } = await session.query<{ number: string }>(numberQuery, undefined, { signal });
  let toldAt = performance.now();
  for (let pauseMs = 5; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    const answer = await session.query<{ reached: boolean }>(reachedQuery, [rows[0]?.number], { signal });
    if (answer.rows[0]?.reached === true) return;
    if (performance.now() - toldAt > noticeMs) {
      toldAt = performance.now();
      const names = await openTransactions(session, { signal, olderThanSeconds: 0 });
      notice({ kind: 'waiting', message: `reading may begin when these have ended: ${names.join('; ')}` });
    }
    await pause(pauseMs, signal);
  }
}
