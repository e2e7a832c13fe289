import type { Change } from '../../protocol/change.ts';
import type { Key, Position } from '../../protocol/names.ts';
import { type ExpectedOptions, readExpected } from '../walk/confirm.ts';
import { inPages } from '../walk/pages.ts';
import type { StreamCollection } from './collection.ts';
import type { SortedOut } from './sort-out.ts';

const keysPerRead = 1_000;

/** What keys that were read make of the target. */
export interface ReadKeys extends Pick<SortedOut, 'changes' | 'failures'> {
  /** All that was read is at or before it; null: nobody said. */
  readonly through: Position | null;
}

/**
 * Reads keys at the source, as they are now, and says what that makes of the target. Reads see every transaction of `shows`, whether
 * the server would show it to others yet or not.
 */
export async function readTouches(
  { work }: StreamCollection,
  keys: readonly Key[],
  options: Omit<ExpectedOptions, 'through'>,
): Promise<ReadKeys> {
  let through: Position | null = null;
  const told = (position: Position): void => {
    through = position;
  };
  const changes: Change[] = [];
  const failures: SortedOut['failures'] = [];
  for (const page of inPages(keys, keysPerRead)) {
    const { rows, unmappable, absent } = await readExpected(work, page, { ...options, through: told });
    for (const { key, row } of rows) changes.push({ kind: 'upsert', key, row });
    for (const key of absent) changes.push({ kind: 'leave', key });
    failures.push(...unmappable);
  }
  return { changes: oneEach(changes), failures, through };
}

/** Two spellings of one key find one row: it is written once. */
function oneEach(changes: readonly Change[]): Change[] {
  return [...new Map(changes.map((change) => [change.key, change])).values()];
}
