import { describe, expect, it } from 'vitest';
import { wellFormed } from '../../support/well-formed.ts';
import { never, partitionsOf, type ReaderSuite, whole } from './reader-under-test.ts';

/** What a reader tells is said in the protocol's words, and in nothing else. */
export function wordConformance(suite: ReaderSuite): void {
  const { setUp, selection, keyColumn, key, collection, formats } = suite;
  describe('words', () => {
    it('who the server is, what was found, and what the collection looks like', async () => {
      await using under = await setUp();
      await under.fill(1, 3);
      await using reader = await under.openReader();
      wellFormed('identity', await reader.identity({ signal: never }));
      wellFormed(
        'finding',
        ...(await reader.check({ collections: [collection, `${collection}_`], signal: never })),
      );
      wellFormed('shape', await reader.describe(collection, { signal: never }));
      wellFormed('collection', ...(await reader.list(collection, { signal: never })));
    });

    it('partitions, chunks of every format, and rows that are looked up', async () => {
      await using under = await setUp();
      await under.fill(1, 300);
      await using reader = await under.openReader();
      await using snapshot = await reader.snapshot({ signal: never });
      wellFormed('partition', ...(await partitionsOf(snapshot, suite, 100)));
      for (const way of formats)
        for await (const chunk of snapshot.read(collection, whole, { ...way, signal: never }))
          wellFormed('chunk', chunk);
      const options = { selection, keyColumns: [keyColumn], notBefore: null, signal: never };
      const rows = await snapshot.lookup(collection, [key(1), key(999)], options);
      wellFormed('key', ...rows.keys());
      expect([...rows.values()].filter((row) => row !== null)).toHaveLength(1);
      wellFormed('row', rows.get(key(1)));
    });
  });
}
