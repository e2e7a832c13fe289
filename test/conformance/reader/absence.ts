import { describe, expect, it } from 'vitest';
import type { Key } from '../../../src/protocol/names.ts';
import type { ReadSnapshot } from '../../../src/protocol/reader.ts';
import { never, type ReaderSuite } from './reader-under-test.ts';

export function absenceConformance({
  setUp,
  selection,
  keyColumn,
  key,
  collection,
  upTo,
}: ReaderSuite): void {
  /** By key: whether it is there. */
  async function look(
    snapshot: ReadSnapshot,
    numbers: readonly number[],
    { filter = null }: { readonly filter?: string | null } = {},
  ): Promise<ReadonlyMap<Key, boolean>> {
    const found = await snapshot.lookup(collection, numbers.map(key), {
      selection: { ...selection, filter },
      keyColumns: [keyColumn],
      notBefore: null,
      signal: never,
    });
    return new Map([...found].map(([name, row]) => [name, row !== null]));
  }

  describe('absence', () => {
    it('every key that was asked for is answered: with its row, or with null where there is none', async () => {
      await using under = await setUp();
      await under.fill(1, 1_500);
      await using reader = await under.openReader();
      await using snapshot = await reader.snapshot({ signal: never });
      const numbers = Array.from({ length: 1_600 }, (_, index) => index - 49);
      const found = await look(snapshot, numbers);
      expect(found).toEqual(new Map(numbers.map((number) => [key(number), number >= 1 && number <= 1_500])));
    });

    it('a lookup shows what was committed before it, whenever the snapshot was opened', async () => {
      await using under = await setUp();
      await under.fill(1, 3);
      await using reader = await under.openReader();
      await using snapshot = await reader.snapshot({ signal: never });
      await under.remove(2);
      await under.fill(4, 4);
      const found = await look(snapshot, [1, 2, 3, 4, 5]);
      expect([...found.values()]).toEqual([true, false, true, true, false]);
    });

    it('of what is there, only the selection’s own filter makes a key absent', async () => {
      await using under = await setUp();
      await under.fill(1, 20);
      await using reader = await under.openReader();
      await using snapshot = await reader.snapshot({ signal: never });
      const found = await look(snapshot, [9, 10, 11, 21], { filter: upTo(10) });
      expect([...found.values()]).toEqual([true, true, false, false]);
    });
  });
}
