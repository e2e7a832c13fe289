import { keyTextExpression } from '../../../key.ts';
import { quoteIdentifier, quoteLiteral } from '../../../names.ts';
import type { LogLayout } from '../log-layout.ts';
import { clockSeconds, register, setRegister } from '../register.sql.ts';

export interface KeyColumn {
  readonly name: string;
  /** Without modifiers, of the type beneath a domain. */
  readonly type: string;
}

export interface FunctionRequest {
  readonly layout: LogLayout;
  readonly capture: number;
  readonly columns: readonly KeyColumn[];
  readonly maxLogRows: number;
  readonly maxLogAgeMs: number;
}

/** How long a statement of the application waits for a log that somebody has locked, before the change counts as a gap. */
const lockPatience = '100ms';

/**
 * Runs inside the application's statement, so: nothing it does may fail (but for cancellation and time limits, which nobody can
 * catch), and nothing waits. On any error the gap sequence moves, which a rollback does not undo. The block with EXCEPTION is a
 * subtransaction; with 1,000 of them in a transaction beside an old snapshot it was no slower than without (PostgreSQL 18).
 *
 * Each expression costs a microsecond when it is evaluated for the first time in a transaction, however simple it is; so what usually holds
 * is one expression, and the usual operations come first. The register of the sleeping reader is read when the transaction has its number,
 * which its change has given it: the reader waits for those that had one before it fell asleep.
 */
export const captureFunction = (request: FunctionRequest): string => {
  const { layout, capture } = request;
  return `
CREATE OR REPLACE FUNCTION ${layout.captureFunction(capture)}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
${functionSettings(request.columns)
  .map(([name, value]) => `SET ${name} = ${value}`)
  .join('\n')}
AS ${quoteLiteral(functionBody(request))}`;
};

/** Compared with the function that is there. */
export const functionBody = ({
  layout,
  capture,
  columns,
  maxLogRows,
  maxLogAgeMs,
}: FunctionRequest): string => {
  const held = `coalesce(${register(layout.rows)}, 0) - ${register(layout.lowRow)}`;
  const age = `${clockSeconds} - ${register(layout.lowAt)}`;
  const longest = Math.ceil(maxLogAgeMs / 1000);
  return `
-- ${functionSettings(columns).join(' ')}
DECLARE
  held int8;
BEGIN
  IF (${held} BETWEEN 1 AND ${maxLogRows - 1} AND ${age} <= ${longest} AND ${register(layout.asleep)} = 0) IS NOT TRUE THEN
    held := ${held};
    IF held <= 0 THEN
      PERFORM ${setRegister(layout.lowAt, clockSeconds)};
    ELSIF held >= ${maxLogRows} THEN
      PERFORM pg_catalog.nextval(${quoteLiteral(layout.gap)});
      RETURN NULL;
    ELSIF ${age} > ${longest} THEN
      PERFORM ${setRegister(layout.lowRow, `${register(layout.rows)} - ${maxLogRows}`)};
      PERFORM pg_catalog.nextval(${quoteLiteral(layout.gap)});
      RETURN NULL;
    END IF;
    IF ${register(layout.asleep)} >= ${clockSeconds} THEN
      PERFORM pg_catalog.pg_notify(${quoteLiteral(layout.channelName)}, '');
    END IF;
  END IF;
  ${logStatement({ layout, capture, columns })}
  RETURN NULL;
EXCEPTION WHEN SQLSTATE '${keysChanged}' THEN
  BEGIN
    IF ${register(layout.asleep)} >= ${clockSeconds} THEN
      PERFORM pg_catalog.pg_notify(${quoteLiteral(layout.channelName)}, '');
    END IF;
    ${pairStatements({ layout, capture, columns })}
  EXCEPTION WHEN OTHERS THEN
    ${noteGap(layout)}
  END;
  RETURN NULL;
WHEN OTHERS THEN
  ${noteGap(layout)}
  RETURN NULL;
END
`;
};

const noteGap = ({ gap }: LogLayout): string => `BEGIN
    PERFORM pg_catalog.nextval(${quoteLiteral(gap)});
  EXCEPTION WHEN OTHERS THEN
    -- Without log and register there is nobody to tell; the reader misses them by itself.
  END;`;

/** Raised to take back what the statement logged, to log it otherwise: nobody but the few statements that change keys pays for it. */
const keysChanged = 'LS001';

type StatementRequest = Pick<FunctionRequest, 'layout' | 'capture' | 'columns'>;

const intoLog = ({ layout }: StatementRequest): string => `INSERT INTO ${layout.log} (capture, op, key)`;

const keyOf =
  ({ columns }: StatementRequest) =>
  (row: string): string =>
    `ARRAY[${columns.map((column) => keyPart(row, column)).join(', ')}]`;

function logStatement(request: StatementRequest): string {
  const { capture } = request;
  const into = intoLog(request);
  const key = keyOf(request);
  return `IF TG_OP = 'INSERT' AND TG_LEVEL = 'STATEMENT' THEN
    ${into} SELECT ${capture}, 'u', ${key('n')} FROM lockstep_new n;
  ELSIF TG_OP = 'UPDATE' AND TG_LEVEL = 'STATEMENT' THEN
    ${into} SELECT ${capture}, 'u', k.key FROM (
      SELECT ${key('n')} AS key FROM lockstep_new n UNION SELECT ${key('o')} FROM lockstep_old o) k;
    GET DIAGNOSTICS held = ROW_COUNT;
    -- One key: one row that kept it. More keys than rows: some changed.
    IF held > 1 THEN
      IF held > (SELECT pg_catalog.count(*) FROM lockstep_new) THEN
        RAISE EXCEPTION USING ERRCODE = '${keysChanged}';
      END IF;
    END IF;
  ELSIF TG_OP = 'DELETE' AND TG_LEVEL = 'STATEMENT' THEN
    ${into} SELECT ${capture}, 'd', ${key('o')} FROM lockstep_old o;
  ELSIF TG_OP = 'TRUNCATE' THEN
    ${into} VALUES (${capture}, 't', ARRAY[TG_RELID::text, pg_catalog.pg_relation_filenode(TG_RELID)::text]);
  ELSE
    IF TG_OP = 'DELETE' THEN
      ${into} VALUES (${capture}, 'd', ${key('OLD')});
    ELSIF TG_OP = 'UPDATE' AND ${key('OLD')} <> ${key('NEW')} THEN
      ${into} VALUES (${capture}, 'm', ${key('OLD')} || ${key('NEW')});
    ELSE
      ${into} VALUES (${capture}, 'u', ${key('NEW')});
    END IF;
  END IF;`;
}

/**
 * An update that changed keys: which row has which key now, before anything else of it, so that no row is read under its new key before that
 * is known. The server puts the old and the new form of a row into the two transition tables in one step (AfterTriggerSaveEvent), so the
 * first of one is the first of the other. Only where a row goes to another table partition and a trigger there takes it away do they differ
 * in length: then all that is known is that the former keys may be gone.
 */
function pairStatements(request: StatementRequest): string {
  const { capture } = request;
  const into = intoLog(request);
  const key = keyOf(request);
  const placed = (row: string, table: string): string =>
    `(SELECT ${key(row)} AS key, pg_catalog.row_number() OVER () AS place FROM ${table} ${row}) ${row}`;
  return `IF (SELECT pg_catalog.count(*) FROM lockstep_old) = (SELECT pg_catalog.count(*) FROM lockstep_new) THEN
      ${into} SELECT ${capture}, 'm', o.key || n.key
      FROM ${placed('o', 'lockstep_old')} JOIN ${placed('n', 'lockstep_new')} ON n.place = o.place WHERE o.key <> n.key ORDER BY o.place;
    ELSE
      ${into} SELECT ${capture}, 'd', ${key('o')} FROM lockstep_old o;
    END IF;
    ${into} SELECT ${capture}, 'u', ${key('n')} FROM lockstep_new n;`;
}

/** By bytes, whatever its own collation takes for equal. */
function keyPart(row: string, { name, type }: KeyColumn): string {
  return `${keyTextExpression(`${row}.${quoteIdentifier(name)}`, type)} COLLATE "C"`;
}

/** The application's settings must not change how keys are spelled. Each setting costs half a microsecond a statement. */
export function functionSettings(columns: readonly KeyColumn[]): readonly (readonly [string, string])[] {
  const types = columns.map(({ type }) => type).join(' ');
  const plain =
    /^((smallint|integer|bigint|uuid|text|character varying|character|boolean|numeric|inet|cidr) ?)+$/;
  const always = [
    ['search_path', 'pg_catalog, pg_temp'],
    ['lock_timeout', quoteLiteral(lockPatience)],
  ] as const;
  return plain.test(types) ? always : [...always, ...spelling];
}

const spelling = [
  ['TimeZone', `'UTC'`],
  ['DateStyle', `'ISO, YMD'`],
  ['IntervalStyle', `'postgres'`],
  ['extra_float_digits', '1'],
  ['bytea_output', `'hex'`],
  ['lc_monetary', `'C'`],
  ['xmlbinary', `'base64'`],
] as const;
