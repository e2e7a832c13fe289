/**
 * Who stops in the middle of a transaction (a paused process, a cut cable) holds the row of the lease. The server ends it well before the
 * lease runs out, so that nobody who takes over has to wait for it.
 */
export const idleInTransactionMs = 3_000;

/**
 * What every session sets. Set by statements and not at start-up, because connection poolers refuse start-up options. The server notices
 * within half a minute that our machine is gone (by itself after two hours).
 */
export const sessionSettings = ({ statementTimeoutMs }: { readonly statementTimeoutMs: number }): string => `
SET search_path = pg_catalog;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET bytea_output = hex;
SET client_min_messages = warning;
SET row_security = off;
SET default_transaction_isolation = 'read committed';
SET synchronous_commit = on;
SET statement_timeout = ${statementTimeoutMs};
SET lock_timeout = ${Math.ceil(statementTimeoutMs * 0.9)};
SET idle_in_transaction_session_timeout = ${idleInTransactionMs};
SET tcp_keepalives_idle = 10;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 4;
SELECT pg_catalog.current_setting('server_version_num') AS version, pg_catalog.current_setting('server_version') AS version_text`;
