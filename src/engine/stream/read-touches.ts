import type { Change } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';
import { type ExpectedOptions, readExpected } from '../walk/confirm.ts';
import { inPages } from '../walk/pages.ts';
import type { StreamCollection } from './collection.ts';
import type { SortedOut } from './sort-out.ts';

const keysPerRead = 1_000;

/**
 * Reads keys at the source, as they are now, and says what that makes of the target. Reads see every transaction of `shows`, whether
 * the server would show it to others yet or not.
 */
export async function readTouches(
  { work }: StreamCollection,
  keys: readonly Key[],
  options: ExpectedOptions,
): Promise<Pick<SortedOut, 'changes' | 'failures'>> {
  const changes: Change[] = [];
  const failures: SortedOut['failures'] = [];
  for (const page of inPages(keys, keysPerRead)) {
    const { rows, unmappable, absent } = await readExpected(work, page, options);
    for (const { key, row } of rows) changes.push({ kind: 'upsert', key, row });
    for (const key of absent) changes.push({ kind: 'leave', key });
    failures.push(...unmappable);
  }
  return { changes: oneEach(changes), failures };
}

/** Two spellings of one key find one row: it is written once. */
function oneEach(changes: readonly Change[]): Change[] {
  return [...new Map(changes.map((change) => [change.key, change])).values()];
}
