import type { CursorSettings } from '../../../../protocol/since.ts';
import type { Session } from '../../session/session.ts';
import { isoOf } from './cursor.ts';
import {
  cutQuery,
  momentLiteral,
  numberLiteral,
  type SinceRange,
  wallLiteral,
  wallQuery,
} from './range.sql.ts';
import type { TableColumn } from './table-column.ts';

interface Options {
  readonly signal: AbortSignal;
  readonly collection: string;
}

const microsPerSecond = 1_000_000n;
const unitSeconds: Readonly<Record<string, bigint>> = { s: 1n, m: 60n, h: 3_600n, d: 86_400n };
const defaultOverlapSeconds = 60n;
/** A column that keeps no fractions rounds to whole seconds, and a transaction has its time a little before others can see that it began. */
const leastOverlapSeconds = 1n;

/** In the cursor's measure. Null: it is given in the other one. */
export function overlapOf(kind: TableColumn['kind'], { overlap }: CursorSettings): bigint | null {
  if (kind === 'number') return overlap === null ? 0n : typeof overlap === 'number' ? BigInt(overlap) : null;
  if (typeof overlap === 'number') return null;
  const unit = unitSeconds[overlap?.slice(-1) ?? ''] ?? 1n;
  const seconds = overlap === null ? defaultOverlapSeconds : BigInt(overlap.slice(0, -1)) * unit;
  return (seconds < leastOverlapSeconds ? leastOverlapSeconds : seconds) * microsPerSecond;
}

/** Where reading begins, as a literal of the column's type; null: with the first row. */
export async function startOf(
  session: Session,
  { low, column, settings }: { low: bigint | null; column: TableColumn; settings: CursorSettings },
  options: Options,
): Promise<string | null> {
  if (low === null) return null;
  const start = low - (overlapOf(column.kind, settings) ?? 0n);
  if (column.kind === 'number') return numberLiteral(start);
  if (!column.isLocal) return momentLiteral(isoOf(start));
  const values = [String(start), settings.timeZone ?? 'UTC'];
  const { rows } = await session.query<{ wall: string }>(wallQuery, values, options);
  const [row] = rows;
  if (row === undefined) throw new Error('the server gave no time');
  return wallLiteral(row.wall);
}

/** A piece of what is newer, and what is known to be read once it is: everything below this value. Null: everything. */
export interface SincePiece {
  readonly range: SinceRange;
  readonly readBelow: bigint | null;
}

/** What is newer than `from` in pieces of about so many rows, in order; rows of one value are never apart. */
export async function cutSince(
  session: Session,
  {
    column,
    from,
    rows,
  }: { readonly column: TableColumn; readonly from: string | null; readonly rows: number },
  options: Options,
): Promise<readonly SincePiece[]> {
  const sql = cutQuery(column.table, column.column, { from, rows });
  const cuts = await session.query<{ text: string }>(sql, undefined, options);
  const bounds = cuts.rows.flatMap(({ text }) => boundOf(column, text) ?? []);
  return Array.from({ length: bounds.length + 1 }, (_, index) => ({
    range: { from: bounds[index - 1]?.literal ?? from, to: bounds[index]?.literal ?? null },
    readBelow: bounds[index]?.value ?? null,
  }));
}

interface Bound {
  readonly literal: string;
  readonly value: bigint;
}

const microsPerDay = 86_400n * microsPerSecond;

/**
 * Of a local time the moment is not known exactly, but it is no earlier than a day and two hours before it in UTC. Null: a time that is none of
 * ours to cut at (`infinity`, another era).
 */
function boundOf({ kind, isLocal }: TableColumn, text: string): Bound | null {
  if (kind === 'number') return { literal: numberLiteral(BigInt(text)), value: BigInt(text) };
  const micros = microsOf(text);
  if (micros === null) return null;
  if (!isLocal) return { literal: momentLiteral(isoOf(micros)), value: micros };
  return { literal: wallLiteral(text), value: micros - microsPerDay - microsPerDay / 12n };
}

/** Of `2026-01-02 03:04:05.123456+00`; without a zone it is taken for UTC. */
function microsOf(text: string): bigint | null {
  const [, day, time, fraction = ''] =
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(?:\+00)?$/.exec(text) ?? [];
  if (day === undefined || time === undefined) return null;
  return BigInt(Date.parse(`${day}T${time}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0'));
}
