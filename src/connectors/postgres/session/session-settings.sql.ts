import { quoteLiteral } from '../names.ts';

/**
 * What every session sets, so that texts mean the same on any server, whatever its own settings, and nothing is
 * silently filtered; that a transaction may last as long as a copy does (transaction_timeout is new in 17); and that the server notices within
 * half a minute when our machine is gone, with all that its sessions hold (by itself after two hours). Set by statements and not at start-up,
 * because connection poolers refuse start-up options.
 */
export const sessionSettings = (statementTimeoutMs: number | undefined): string => `
SET row_security = off;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = postgres;
SET extra_float_digits = 1;
SET bytea_output = hex;
SET xmlbinary = base64;
SET lc_monetary = 'C';
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET search_path = pg_catalog;
SET client_min_messages = warning;
SET idle_in_transaction_session_timeout = 0;
SET tcp_keepalives_idle = 10;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 4;
SELECT set_config('transaction_timeout', '0', false) WHERE current_setting('transaction_timeout', true) IS NOT NULL;
${statementTimeoutMs === undefined ? '' : timeouts(statementTimeoutMs)}`;

/** Waiting for a lock ends first: then the server says that it was a lock, which is never a row's own fault. */
const timeouts = (statementTimeoutMs: number): string => `
SET statement_timeout = ${quoteLiteral(String(statementTimeoutMs))};
SET lock_timeout = ${quoteLiteral(String(Math.ceil(statementTimeoutMs * 0.9)))};`;

export const sessionFacts = `
SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version,
       pg_catalog.current_setting('server_version') AS version_text`;
