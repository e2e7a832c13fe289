import type { Session } from '../../../session/session.ts';
import type { LogLayout } from '../log-layout.ts';
import { readPage } from './page.sql.ts';

export interface LogRow {
  readonly xid: bigint;
  readonly seq: bigint;
  readonly capture: number;
  /**
   * u a row was written, d its key is had by none any more, m its key changed (the former one, then the new one), k any of them (as older
   * versions log it), t a truncation, w what we saw of the table.
   */
  readonly op: string;
  readonly atMs: number;
  readonly key: readonly (string | null)[];
}

export interface LogPage {
  readonly rows: readonly LogRow[];
  /** No more rows are behind these, below `xmin`. */
  readonly complete: boolean;
  readonly bytes: number;
  /** All transactions below are over. */
  readonly xmin: bigint;
  readonly xmax: bigint;
  readonly epoch: string | null;
  readonly gap: bigint;
  readonly lowXid: bigint;
  readonly clockMs: number;
  /** Changes are committed that an older open transaction keeps from us. */
  readonly waiting: boolean;
  readonly processId: number;
}

type PlainRow = readonly [
  xid: string,
  seq: string,
  capture: number,
  op: string,
  atMs: number,
  key: readonly (string | null)[],
];

export interface PageRequest {
  readonly layout: LogLayout;
  readonly after: { readonly xid: bigint; readonly seq: bigint };
  readonly limit: number;
}

export async function fetchPage(
  session: Session,
  { layout, after, limit }: PageRequest,
  options: { readonly signal: AbortSignal },
): Promise<LogPage> {
  // Prepared once: planning it would cost more than running it, up to five hundred times a second.
  const values = [String(after.xid), String(after.seq), String(limit)];
  const [rows] = await session.batch([{ sql: readPage(layout), values }], {
    ...options,
    collection: layout.log,
  });
  const [pid, xmin, xmax, epoch, gap, lowXid, clock, waiting, page] = (rows?.[0] ?? []).map(String);
  const text = page === 'null' || page === undefined ? '[]' : page;
  const plain: readonly PlainRow[] = JSON.parse(text);
  return {
    rows: plain.map(toLogRow),
    complete: plain.length < limit,
    bytes: text.length,
    xmin: BigInt(xmin ?? 0),
    xmax: BigInt(xmax ?? 0),
    epoch: epoch ?? null,
    gap: BigInt(gap ?? 0),
    lowXid: BigInt(lowXid ?? 0),
    clockMs: Number(clock),
    waiting: waiting === 't',
    processId: Number(pid),
  };
}

const toLogRow = ([xid, seq, capture, op, atMs, key]: PlainRow): LogRow => ({
  xid: BigInt(xid),
  seq: BigInt(seq),
  capture,
  op,
  atMs,
  key,
});
