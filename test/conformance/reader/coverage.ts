import { describe, expect, it } from 'vitest';
import type { Row } from '../../../src/protocol/value.ts';
import { never, partitionsOf, type ReaderSuite, rowsOf } from './reader-under-test.ts';

const count = 2_000;

export function coverageConformance(suite: ReaderSuite): void {
  const { setUp, selection, keyColumn, key, collection, upTo } = suite;
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const keysOf = (from: number, to: number) => numbers(from, to).map(key).toSorted();

  describe('coverage', () => {
    it.each([100, 700, count * 10])(
      'partitions of about %i rows hold every row exactly once',
      async (targetRows) => {
        await using under = await setUp();
        await under.fill(1, count);
        await using reader = await under.openReader();
        await using snapshot = await reader.snapshot({ signal: never });
        const partitions = await partitionsOf(snapshot, suite, targetRows);
        expect(partitions.length > 1).toBe(targetRows < count);
        expect(new Set(partitions.map(({ id }) => id)).size).toBe(partitions.length);
        const found: string[] = [];
        for (const partition of partitions)
          for (const row of await rowsOf(snapshot, suite, partition))
            found.push(reader.keyOf(row, { selection, keyColumns: [keyColumn] }));
        expect(found.toSorted()).toEqual(keysOf(1, count));
      },
    );

    it('the first partition and the last are open: rows that are written later fall into one as well', async () => {
      await using under = await setUp();
      await under.fill(1, count);
      await using reader = await under.openReader();
      await using snapshot = await reader.snapshot({ signal: never });
      const partitions = await partitionsOf(snapshot, suite, 200);
      expect(partitions[0]?.from).toBeNull();
      expect(partitions.at(-1)?.to).toBeNull();
      await under.fill(-3, 0);
      await under.fill(count + 1, count + 3);
      await using latest = reader.latest();
      const rows: Row[] = [];
      for (const partition of partitions) rows.push(...(await rowsOf(latest, suite, partition)));
      const found = rows.map((row) => reader.keyOf(row, { selection, keyColumns: [keyColumn] }));
      expect(found.toSorted()).toEqual(keysOf(-3, count + 3));
    });

    it('a collection without a row has a partition, and it is empty', async () => {
      await using under = await setUp();
      await using reader = await under.openReader();
      await using snapshot = await reader.snapshot({ signal: never });
      const partitions = await partitionsOf(snapshot, suite, 100);
      expect(partitions).toMatchObject([{ from: null, to: null }]);
      for (const partition of partitions) expect(await rowsOf(snapshot, suite, partition)).toEqual([]);
    });

    it('a filter holds in every partition', async () => {
      await using under = await setUp();
      await under.fill(1, count);
      await using reader = await under.openReader();
      await using snapshot = await reader.snapshot({ signal: never });
      const filtered = { ...suite, selection: { ...selection, filter: upTo(50) } };
      const found: string[] = [];
      for (const partition of await partitionsOf(snapshot, filtered, 100))
        for (const row of await rowsOf(snapshot, filtered, partition))
          found.push(reader.keyOf(row, { selection, keyColumns: [keyColumn] }));
      expect(found.toSorted()).toEqual(keysOf(1, 50));
    });

    it('all formats bring as many rows', async () => {
      await using under = await setUp();
      await under.fill(1, count);
      await using reader = await under.openReader();
      await using snapshot = await reader.snapshot({ signal: never });
      expect(suite.formats.map(({ format }) => format).toSorted()).toEqual(
        [...reader.capabilities.formats].toSorted(),
      );
      for (const way of suite.formats) {
        let rows = 0;
        for (const partition of await partitionsOf(snapshot, suite, 500))
          for await (const chunk of snapshot.read(collection, partition, { ...way, signal: never }))
            rows += chunk.format === 'rows' ? chunk.rows.length : chunk.rowCount;
        expect(rows, way.format).toBe(count);
      }
    });
  });
}
