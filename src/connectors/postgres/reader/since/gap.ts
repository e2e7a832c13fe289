import type { Standing } from './advance.ts';
import { formatValue, type TableCursor } from './cursor.ts';

export interface Present {
  readonly now: Omit<TableCursor, keyof Standing>;
  readonly mark: bigint | null;
}

/** Why the source no longer tells the history that a cursor followed, for people; null: it does. */
export function gapOf(before: TableCursor | null, { now, mark }: Present): string | null {
  if (before === null) return 'its cursor was made by another version';
  const { kind } = before;
  if (before.column !== now.column || kind !== now.kind || before.timeZone !== now.timeZone)
    return `its cursor followed another column (${before.column})`;
  if (before.table !== now.table) return 'the table was dropped and made again';
  if (now.log < before.log || now.transaction < before.transaction)
    return 'the source was restored from an older copy, or has lost what it had committed';
  return kind === 'time' ? clockFault(before, mark) : numberFault(before, { now, mark });
}

function clockFault({ mark: before }: TableCursor, now: bigint | null): string | null {
  if (before === null || now === null || now >= before) return null;
  return `the source’s clock went back from ${formatValue('time', before)} to ${formatValue('time', now)}`;
}

/** Deleting the newest rows makes the highest number fall, and is no fault as long as the sequence goes on. */
function numberFault(before: TableCursor, { now, mark }: Present): string | null {
  if (before.drawn !== null && now.drawn !== null)
    return now.drawn < before.drawn ? `its sequence went back from ${before.drawn} to ${now.drawn}` : null;
  if (before.low === null || (mark !== null && mark >= before.low)) return null;
  return `the highest number fell below the cursor, from ${before.low} to ${mark ?? 'none'}`;
}
