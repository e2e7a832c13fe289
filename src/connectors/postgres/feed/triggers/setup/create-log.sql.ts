import { quoteIdentifier, quoteLiteral } from '../../../names.ts';
import type { LogLayout } from '../log-layout.ts';

export interface LogStatement {
  readonly what: string;
  readonly statement: string;
}

/** Registers: counters and times from 0, set by `setval`. */
const createRegister = (name: string): string => `
CREATE SEQUENCE ${name} AS int8 MINVALUE ${least} START 0;
SELECT pg_catalog.setval(${quoteLiteral(name)}, 0)`;

/** The number before the log's first row may go below zero: that is how a log is declared full. */
const least = '-9000000000000000000';

/**
 * Rows are only ever added and, once they were told, deleted. Vacuum must not cut the file: for that it takes a lock that stops writers. It
 * runs by numbers of rows, not shares, and without pauses, since the log is small and turns over quickly.
 */
const storage = [
  'vacuum_truncate = off',
  'toast.vacuum_truncate = off',
  'autovacuum_vacuum_scale_factor = 0',
  'autovacuum_vacuum_threshold = 10000',
  'autovacuum_vacuum_insert_threshold = 100000',
  'autovacuum_vacuum_insert_scale_factor = 0',
  'autovacuum_vacuum_cost_delay = 0',
  'autovacuum_analyze_scale_factor = 0',
  'autovacuum_analyze_threshold = 100000',
].join(', ');

const createTable = ({ log, rows }: LogLayout): string => `
CREATE TABLE ${log} (
  seq     int8 NOT NULL GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME ${rows}),
  xid     xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
  at      timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  capture int4 NOT NULL,
  op      "char" NOT NULL,
  key     text[] COLLATE "C" NOT NULL
) WITH (${storage})`;

const createCaptures = ({ captures }: LogLayout): string => `
CREATE TABLE ${captures} (
  capture  int4 PRIMARY KEY,
  source   text NOT NULL,
  relation oid NOT NULL,
  columns  text[] NOT NULL,
  active   bool NOT NULL,
  seen     text NOT NULL
)`;

const createEpoch = ({ epoch }: LogLayout): string => `
CREATE TABLE ${epoch} AS SELECT pg_catalog.gen_random_uuid() AS epoch, pg_catalog.now() AS made_at`;

/** Rows that somebody else takes out of the log, or changes, would be missed: that moves the gap sequence too. */
const createGuard = ({ guard, gap }: LogLayout): string => `
CREATE OR REPLACE FUNCTION ${guard}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS ${quoteLiteral(guardBody(gap))}`;

const guardBody = (gap: string): string => `
BEGIN
  IF pg_catalog.current_setting('${ownDeletes}', true) IS DISTINCT FROM 'on' THEN
    PERFORM pg_catalog.nextval(${quoteLiteral(gap)});
  END IF;
  RETURN NULL;
END
`;

/** Set to `on` in the transactions in which we empty the log. */
export const ownDeletes = 'lockstep.emptying';

const createGuardTrigger = ({ guard, log }: LogLayout): string => `
CREATE TRIGGER lockstep_guard AFTER UPDATE OR DELETE OR TRUNCATE ON ${log} FOR EACH STATEMENT EXECUTE FUNCTION ${guard}();
ALTER TABLE ${log} ENABLE ALWAYS TRIGGER lockstep_guard`;

/** Everything but the schema, in the order in which it is made. */
export const createLog = (layout: LogLayout): readonly LogStatement[] => [
  { what: 'Make the change log', statement: createTable(layout) },
  {
    what: 'Index it in the order of reading',
    statement: `CREATE UNIQUE INDEX ${layout.order} ON ${layout.log} (xid, seq)`,
  },
  { what: 'Make the list of captured tables', statement: createCaptures(layout) },
  { what: 'Name the log', statement: createEpoch(layout) },
  ...registers(layout).map((name) => ({
    what: 'Make a register of the log',
    statement: createRegister(name),
  })),
  { what: 'Notice what others take out of the log', statement: createGuard(layout) },
  { what: 'Notice what others take out of the log', statement: createGuardTrigger(layout) },
];

const registers = ({ gap, asleep, lowXid, lowRow, lowAt }: LogLayout): readonly string[] => [
  gap,
  asleep,
  lowXid,
  lowRow,
  lowAt,
];

/** Everything of it, in the order in which it can be dropped. */
export const dropLog = (layout: LogLayout): readonly LogStatement[] => [
  {
    what: 'Drop the change log',
    statement: `DROP TABLE IF EXISTS ${[layout.log, layout.captures, layout.epoch].join(', ')}`,
  },
  {
    what: 'Drop the registers of the log',
    statement: `DROP SEQUENCE IF EXISTS ${registers(layout).join(', ')}`,
  },
  { what: 'Drop the guard of the log', statement: `DROP FUNCTION IF EXISTS ${layout.guard}()` },
];

/**
 * Whether anything of the log is there, all of it is, and we may use it. Its columns are asked for too: somebody may have altered
 * it, and then nothing of what it holds is certain. $1 schema, $2 the objects, $3 the columns of the first
 */
export const findLog = `
SELECT coalesce(pg_catalog.bool_or(found.oid IS NOT NULL), false) AS present,
  pg_catalog.bool_and(found.oid IS NOT NULL) AND coalesce((
    SELECT pg_catalog.string_agg(a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), ',' ORDER BY a.attnum) = $3
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = ($2::text[])[1] AND a.attnum > 0 AND NOT a.attisdropped), false) AS whole,
  coalesce(pg_catalog.bool_and(CASE WHEN found.relkind = 'S' THEN pg_catalog.has_sequence_privilege(found.oid, 'USAGE')
      AND pg_catalog.has_sequence_privilege(found.oid, 'UPDATE')
    ELSE pg_catalog.has_table_privilege(found.oid, 'SELECT') AND pg_catalog.has_table_privilege(found.oid, 'INSERT')
      AND pg_catalog.has_table_privilege(found.oid, 'DELETE') END), false) AS usable
FROM (SELECT c.oid, c.relkind FROM pg_catalog.unnest($2::text[]) AS wanted(name)
  LEFT JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1) ON c.relname = wanted.name) AS found`;

/** Gives the owner back what somebody took from it. */
export const regainLog = (layout: LogLayout, user: string): LogStatement => {
  const tables = [layout.log, layout.captures, layout.epoch].join(', ');
  const sequences = [layout.rows, ...registers(layout)].join(', ');
  const role = quoteIdentifier(user);
  return {
    what: 'Take back the rights on the log',
    statement: `GRANT ALL ON TABLE ${tables} TO ${role}; GRANT ALL ON SEQUENCE ${sequences} TO ${role}`,
  };
};

export const logColumns =
  'seq bigint,xid xid8,at timestamp with time zone,capture integer,op "char",key text[]';

/** What `findLog` looks for; the table itself first. */
export const logObjects = ({ pipeline }: LogLayout): readonly string[] =>
  ['log', 'captures', 'epoch', 'rows', 'gap', 'asleep', 'lowxid', 'lowrow', 'lowat'].map(
    (word) => `${word}_${pipeline}`,
  );
