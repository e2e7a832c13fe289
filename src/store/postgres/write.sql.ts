import { idleInTransactionMs } from './session-settings.sql.ts';

/** Whatever the server or a role says: what is acknowledged is on the disk, also behind a pooler that hands us somebody else's session. */
export const beginWrite = `
BEGIN ISOLATION LEVEL READ COMMITTED;
SET LOCAL synchronous_commit = on;
SET LOCAL idle_in_transaction_session_timeout = ${idleInTransactionMs}`;

export const beginLong = (statementTimeoutMs: number): string =>
  `BEGIN READ ONLY; SET LOCAL statement_timeout = ${statementTimeoutMs}`;

/**
 * In the round trip of BEGIN, so the token, a uuid that we made, stands in the text. None is written when it is there already. Each write
 * takes two tokens along that nobody can ask for any more, so there are never more than those of the last minutes.
 */
export const leaveToken = (writes: string, token: string): string => `
DELETE FROM ${writes} WHERE token IN (
  SELECT token FROM ${writes} WHERE at < clock_timestamp() - interval '10 minutes' ORDER BY at LIMIT 2 FOR UPDATE SKIP LOCKED);
INSERT INTO ${writes} (token, at) VALUES ('${token}', clock_timestamp()) ON CONFLICT DO NOTHING`;
