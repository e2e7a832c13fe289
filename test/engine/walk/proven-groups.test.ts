import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroupSums } from '../../../src/engine/walk/group-sums.ts';
import { ProvenGroups, type Reading } from '../../../src/engine/walk/proven-groups.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** A row a group, with these hashes; 0: no row. */
function sums(groups: number, hashes: readonly bigint[]): GroupSums {
  const made = new GroupSums(groups);
  for (const [group, hash] of hashes.entries()) if (hash !== 0n) made.addRow(group, hash);
  return made;
}

const open = () => new ProvenGroups({ estimatedRows: 0, nowMs: 0 });

const reading = (groups: number, more: Partial<Reading> = {}): Reading => ({
  source: sums(groups, [1n, 2n, 3n]),
  target: sums(groups, [4n, 5n, 6n]),
  differing: new Set(),
  lacksRows: false,
  ...more,
});

describe('groups that were seen to be equal', () => {
  it('all are open as long as nothing is known', () => {
    const proven = open();
    const { source, target } = reading(proven.groups);
    expect(proven.knowsAny).toBe(false);
    expect(proven.open({ source, target: null })).toBeNull();
    expect(proven.open({ source, target })).toBeNull();
  });

  it.each([
    ['nothing', [1n, 2n, 3n], [4n, 5n, 6n], []],
    ['a row of the source', [1n, 9n, 3n], [4n, 5n, 6n], [1]],
    ['a row of the target', [1n, 2n, 3n], [4n, 5n, 9n], [2]],
    ['a row that is gone at the source', [0n, 2n, 3n], [4n, 5n, 6n], [0]],
    ['a row that is new at the target', [1n, 2n, 3n], [4n, 5n, 6n, 7n], [3]],
    ['both in the same way', [7n, 2n, 3n], [7n, 5n, 6n], [0]],
  ])('when %s has changed, that group is open', (...[, here, there, wanted]) => {
    const proven = open();
    proven.learn(null, reading(proven.groups));
    const found = proven.open({ source: sums(proven.groups, here), target: sums(proven.groups, there) });
    expect([...(found ?? [])]).toEqual(wanted);
  });

  it('a group with a row that differs stays open, and one where a row is missing', () => {
    const proven = open();
    const target = sums(proven.groups, [4n, 0n, 6n]);
    const read = reading(proven.groups, { target, differing: new Set([2]), lacksRows: true });
    proven.learn(null, read);
    expect([...(proven.open(read) ?? [])]).toEqual([1, 2]);
  });

  it('rows that the function leaves out are known where none is missing', () => {
    const proven = open();
    const target = sums(proven.groups, [4n, 0n, 6n]);
    const read = reading(proven.groups, { target });
    proven.learn(null, read);
    expect([...(proven.open(read) ?? [])]).toEqual([]);
  });

  it('begins anew after a day, and when there are many more rows', () => {
    const proven = open();
    expect(proven.isOutdated({ rows: 10_000, nowMs: dayMs })).toBe(false);
    expect(proven.isOutdated({ rows: 10_000, nowMs: dayMs + 1 })).toBe(true);
    expect(proven.isOutdated({ rows: 1_000_000, nowMs: 0 })).toBe(true);
  });

  it('never takes a group for known whose rows are others than those that were compared', () => {
    const hash = fc.bigInt({ min: 1n, max: 5n });
    const side = fc.array(hash, { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.tuple(side, side),
        fc.tuple(side, side),
        ([source, target], [laterSource, laterTarget]) => {
          const proven = open();
          const differing = new Set(
            source.flatMap((value, group) => (value === target[group] ? [] : [group])),
          );
          const { groups } = proven;
          const read = {
            source: sums(groups, source),
            target: sums(groups, target),
            differing,
            lacksRows: false,
          };
          proven.learn(null, read);
          const later = { source: sums(groups, laterSource), target: sums(groups, laterTarget) };
          const known = proven.open(later);
          for (let group = 0; group < 4; group += 1)
            if (known !== null && !known.has(group))
              expect([laterSource[group], laterTarget[group], differing.has(group)]).toEqual([
                source[group],
                target[group],
                false,
              ]);
        },
      ),
    );
  });
});
