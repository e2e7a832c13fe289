import type { LogLayout } from '../log-layout.ts';
import { register } from '../register.sql.ts';

export const clockMs = `(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000)::int8`;

/**
 * Rows behind a place whose transactions are over, as are all older ones: nothing can appear among them any more. With everything that
 * must be known of the same moment. One row; the order of its columns is that of `fetchPage`. $1 xid, $2 seq, $3 how many rows at most
 */
export const readPage = (layout: LogLayout): string => `
SELECT pg_catalog.pg_backend_pid() AS pid,
  pg_catalog.pg_snapshot_xmin(s.now)::text AS xmin, pg_catalog.pg_snapshot_xmax(s.now)::text AS xmax,
  (SELECT e.epoch::text FROM ${layout.epoch} e) AS epoch,
  coalesce(${register(layout.gap)}, 0) AS gap, coalesce(${register(layout.lowXid)}, 0) AS lowxid, ${clockMs} AS clock,
  EXISTS (SELECT FROM ${layout.log} w WHERE w.xid >= pg_catalog.pg_snapshot_xmin(s.now)) AS waiting,
  (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(p.xid::text, p.seq::text, p.capture, p.op, p.at, p.key))
   FROM (SELECT l.xid, l.seq, l.capture, l.op, l.key, (pg_catalog.date_part('epoch', l.at) * 1000)::int8 AS at
     FROM ${layout.log} l
     WHERE (l.xid, l.seq) > ($1::xid8, $2::int8) AND l.xid < pg_catalog.pg_snapshot_xmin(s.now)
     ORDER BY l.xid, l.seq LIMIT $3::int8) AS p)::text AS page
FROM (SELECT pg_catalog.pg_current_snapshot() AS now) AS s`;

/** The order of the index is the order of reading, whatever the planner thinks of a table whose size changes by the minute. */
export const readSettings = `
SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; SET jit = off`;

/** Where finished reads may have been: behind the last row that anybody can see. */
export const readHead = (layout: LogLayout): string => `
SELECT pg_catalog.pg_snapshot_xmin(s.now)::text AS xmin,
  (SELECT e.epoch::text FROM ${layout.epoch} e) AS epoch,
  coalesce(${register(layout.gap)}, 0) AS gap, coalesce(${register(layout.lowXid)}, 0) AS lowxid, ${clockMs} AS clock,
  (SELECT pg_catalog.json_build_array(l.xid::text, l.seq::text)::text FROM ${layout.log} l ORDER BY l.xid DESC, l.seq DESC LIMIT 1) AS last
FROM (SELECT pg_catalog.pg_current_snapshot() AS now) AS s`;
