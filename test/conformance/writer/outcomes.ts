import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/protocol/outcome.ts';
import { wholeCollection } from '../../../src/protocol/partition.ts';
import {
  chunkOf,
  chunks,
  holding,
  keyOf,
  leaving,
  openTarget,
  upsert,
  type WriterSuite,
} from './writer-under-test.ts';

const kinds = (outcomes: readonly Outcome[]): string[] => outcomes.map(({ kind }) => kind);

export function outcomeConformance({ setUp, form }: WriterSuite): void {
  const { row, bound } = form;
  const leave = leaving(form);
  describe('outcomes', () => {
    it('tells one outcome per change, in order', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target } = open;
      await target.append(chunks(row(1, 'a'), row(2, 'b'), row(3, 'c')), holding(1));
      const changes = [
        upsert(target, row(4, 'd')),
        leave(target, 2),
        upsert(target, row(1, 'a')),
        upsert(target, row(3, 'c', 'new')),
        leave(target, 99),
      ];
      const outcomes = await target.apply(changes, holding(1));
      expect(kinds(outcomes)).toEqual(['inserted', 'left', 'unchanged', 'updated', 'unchanged']);
      expect(await under.stored()).toEqual([row(1, 'a'), row(3, 'c', 'new'), row(4, 'd')]);
    });

    it('finds nothing to do in a repeat', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target } = open;
      const changes = [upsert(target, row(1, 'a')), upsert(target, row(2, 'b')), leave(target, 3)];
      await target.apply(changes, holding(1));
      expect(kinds(await target.apply(changes, holding(1)))).toEqual(['unchanged', 'unchanged', 'unchanged']);
    });

    it('counts what a merge inserts, updates and leaves alone', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target } = open;
      await target.append(chunks(row(1, 'a'), row(2, 'b')), holding(1));
      const counts = await target.merge(chunks(row(1, 'a'), row(2, 'b', 'new'), row(3, 'c')), holding(1));
      expect(counts).toEqual({ inserted: 1, updated: 1, unchanged: 1, clashes: 0 });
    });

    it('lets an upsert have the unique value of a row that leaves', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target } = open;
      await target.append(chunks(row(1, 'a')), holding(1));
      const changes = [upsert(target, row(2, 'a')), leave(target, 1)];
      expect(kinds(await target.apply(changes, holding(1)))).toEqual(['inserted', 'left']);
      expect(await under.stored()).toEqual([row(2, 'a')]);
    });

    it('lets rows exchange their unique values together', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target } = open;
      await target.append(chunks(row(1, 'a'), row(2, 'b'), row(3, 'c')), holding(1));
      const changes = [upsert(target, row(1, 'b')), upsert(target, row(2, 'c')), upsert(target, row(3, 'a'))];
      expect(kinds(await target.applyTogether(changes, holding(1)))).toEqual([
        'updated',
        'updated',
        'updated',
      ]);
      expect(await under.stored()).toEqual([row(1, 'b'), row(2, 'c'), row(3, 'a')]);
    });

    it('names who holds a wanted unique value', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target } = open;
      await target.append(chunks(row(1, 'a'), row(2, 'b')), holding(1));
      const found = await target.holders([row(1, 'b'), row(2, 'b'), row(3, 'z')], {
        signal: holding(1).signal,
      });
      expect(found).toMatchObject([[{ key: keyOf(form, target, 2), isOurs: true }], [], []]);
    });

    it('judges rows and finds keys without writing', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target } = open;
      const { signal } = holding(1);
      await target.append(chunks(row(1, 'a'), row(2, 'b')), holding(1));
      const judged = await target.judge([row(3, 'c'), row(2, 'b', 'x'), row(1, 'a')], { signal });
      expect(judged).toEqual(['missing', 'different', 'same']);
      const keys = [keyOf(form, target, 1), keyOf(form, target, 9)];
      expect([...(await target.present(keys, { signal }))]).toEqual([keyOf(form, target, 1)]);
      expect(await target.countRows({ signal })).toBe(2);
      expect(await target.isEmpty({ ...wholeCollection(0), from: [bound(5)] }, { signal })).toBe(true);
      expect(await target.isEmpty({ ...wholeCollection(0), to: [bound(2)] }, { signal })).toBe(false);
    });

    it('gives rows the form in which it stores them', async () => {
      await using under = await setUp();
      await using open = await openTarget(under);
      const { target } = open;
      const rows = [row(1, 'a'), row(2, 'ü', 'note')];
      await target.append(chunks(...rows), holding(1));
      const read = await Array.fromAsync(target.readStoredForms(wholeCollection(2), holding(1)));
      const stored = read.flat().map(({ key, bytes }) => [key, Buffer.from(bytes).toString('hex')]);
      const expected = target
        .storedForms(chunkOf(rows))
        .map(({ key, bytes }) => [key, Buffer.from(bytes).toString('hex')]);
      expect(stored.toSorted()).toEqual(expected.toSorted());
    });
  });
}
