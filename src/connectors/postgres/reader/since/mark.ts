import type { CursorMark, SinceCollection } from '../../../../protocol/since.ts';
import type { Session } from '../../session/session.ts';
import { advance, type Standing } from './advance.ts';
import { formatCursor, formatValue, parseCursor, type TableCursor } from './cursor.ts';
import { gapOf } from './gap.ts';
import { look, type NamedTransaction, type ServerLook } from './look.ts';
import { findColumn, type TableColumn } from './table-column.ts';

/** See `Reader.markSince`. */
export async function markSince(
  session: Session,
  collections: readonly SinceCollection[],
  options: { readonly defaultSchema: string; readonly signal: AbortSignal },
): Promise<readonly CursorMark[]> {
  const found: TableColumn[] = [];
  for (const collection of collections) found.push(await findColumn(session, collection, options));
  const numbers = found.filter(({ kind }) => kind === 'number');
  const seen = await look(
    session,
    numbers.map(({ table, column }) => ({ table, column: column.name })),
    options,
  );
  return collections.flatMap((collection, index) => {
    const column = found[index];
    if (column === undefined) return [];
    const { kind } = column;
    const mark = kind === 'time' ? seen.clock : (seen.highest[numbers.indexOf(column)] ?? null);
    return [toMark(collection, { column, mark, seen })];
  });
}

interface Seen {
  readonly column: TableColumn;
  readonly mark: bigint | null;
  readonly seen: ServerLook;
}

function toMark({ settings, from }: SinceCollection, { column, mark, seen }: Seen): CursorMark {
  const { kind, table } = column;
  const now = {
    column: settings.column,
    kind,
    timeZone: settings.timeZone,
    table: String(table.oid),
    log: seen.log,
    transaction: seen.transaction,
    drawn: lastDrawn(column),
  };
  const before = from === null ? null : parseCursor(from);
  const gap = gapOf(before, { now, mark });
  // Of transactions that were open before a gap nothing is known.
  const known = gap === null ? before : null;
  // A number says nothing about when it was drawn.
  const open = kind === 'time' ? seen.open : seen.open.map((each) => ({ ...each, since: null }));
  const standing = advance(known, { mark, open });
  const next: TableCursor = { ...now, ...standing };
  return {
    next: formatCursor(next),
    gap: from === null ? 'it has no cursor yet' : gap,
    at: formatValue(kind, standing.low),
    waitsFor: waitsFor(standing, seen.open),
  };
}

function lastDrawn({ column, kind }: TableColumn): bigint | null {
  const last = column.sequence?.lastValue ?? null;
  return kind === 'number' && last !== null ? BigInt(last) : null;
}

function waitsFor({ low, mark, open }: Standing, transactions: readonly NamedTransaction[]): string | null {
  if (low === mark) return null;
  return transactions.find(({ id }) => open.get(id) === low)?.name ?? null;
}
