import { z } from 'zod';
import type { Cursor } from '../../../../protocol/names.ts';
import type { Standing } from './advance.ts';

/** A cursor of a PostgreSQL table: where it stands, and of what. */
export interface TableCursor extends Standing {
  readonly column: string;
  readonly kind: CursorKind;
  /** Of a time without zone. */
  readonly timeZone: string | null;
  /** The table's OID: one that was dropped and made again is another. */
  readonly table: string;
  /** How far the server's log and its transaction numbers were: a server that is behind them was restored from an older copy. */
  readonly log: bigint;
  readonly transaction: bigint;
  /** The number that the column’s sequence gave last, which deletes leave alone; null: it has none, or we may not see it. */
  readonly drawn: bigint | null;
}

export type CursorKind = 'time' | 'number';

const whole = z
  .string()
  .regex(/^-?\d+$/)
  .transform((text) => BigInt(text));

const cursorSchema = z.strictObject({
  version: z.literal(1),
  column: z.string(),
  kind: z.enum(['time', 'number']),
  timeZone: z.string().nullable(),
  table: z.string(),
  log: whole,
  transaction: whole,
  drawn: whole.nullable(),
  low: whole.nullable(),
  mark: whole.nullable(),
  sessionsLow: whole.nullable(),
  open: z.array(z.tuple([z.string(), whole.nullable()])),
});

/** JSON; whole numbers as texts, since they don't fit into those of JSON. */
export function formatCursor({ open, ...cursor }: TableCursor): Cursor {
  const content = { version: 1, ...cursor, open: [...open] };
  return JSON.stringify(content, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

/** Null: it was not made by this version. */
export function parseCursor(text: Cursor): TableCursor | null {
  const parsed = cursorSchema.safeParse(jsonOf(text));
  if (!parsed.success) return null;
  const { version: _known, open, ...cursor } = parsed.data;
  return { ...cursor, open: new Map(open) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A value of a cursor for people. */
export function formatValue(kind: CursorKind, value: bigint | null): string {
  if (value === null) return 'the beginning';
  return kind === 'number' ? String(value) : `${isoOf(value)}Z`;
}

const microsPerSecond = 1_000_000n;

/** `2026-01-02T03:04:05.123456` in UTC, of microseconds since 1970. */
export function isoOf(micros: bigint): string {
  const fraction = ((micros % microsPerSecond) + microsPerSecond) % microsPerSecond;
  const seconds = Number((micros - fraction) / microsPerSecond);
  return `${new Date(seconds * 1000).toISOString().slice(0, -5)}.${String(fraction).padStart(6, '0')}`;
}
