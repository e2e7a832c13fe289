import type { Retained } from '../../../../protocol/feed.ts';
import { quoteLiteral } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import { whileThereIsALog } from './head.ts';
import type { LogLayout } from './log-layout.ts';
import { transactionsBefore } from './read/waiting-for.ts';
import { register } from './register.sql.ts';

interface RetainedRow {
  readonly held: string;
  readonly width: string;
  readonly waiting: boolean;
}

/** A row of an integer key with its entry in the index, until the server has counted better. */
const usualWidth = 130;

const question = ({ log, rows, lowRow }: LogLayout): string => `
SELECT greatest(0, coalesce(${register(rows)}, 0) - ${register(lowRow)})::text AS held,
  (SELECT CASE WHEN c.reltuples > 1000 AND c.relpages > 0
      THEN c.relpages::int8 * pg_catalog.current_setting('block_size')::int8 / c.reltuples + 30 ELSE ${usualWidth} END
    FROM pg_catalog.pg_class c WHERE c.oid = ${quoteLiteral(log)}::pg_catalog.regclass)::int8::text AS width,
  EXISTS (SELECT FROM ${log} l WHERE l.xid >= pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())) AS waiting`;

/** What the log holds that is not acknowledged, counted by its rows; and who keeps committed rows from being told. */
export async function retainedInLog(
  session: Session,
  {
    layout,
    maxLogRows,
    signal,
  }: { readonly layout: LogLayout; readonly maxLogRows: number; readonly signal: AbortSignal },
): Promise<Retained> {
  const { rows } = await whileThereIsALog(() =>
    session.query<RetainedRow>(question(layout), undefined, { signal }),
  );
  const row = rows[0];
  if (row === undefined) return { bytes: null, limitBytes: null, reachesBackMs: null, waitingFor: [] };
  const width = Number(row.width);
  return {
    bytes: Math.min(Number(row.held), maxLogRows) * width,
    limitBytes: maxLogRows * width,
    reachesBackMs: null,
    waitingFor: row.waiting ? await transactionsBefore(session, null, { signal }) : [],
  };
}
