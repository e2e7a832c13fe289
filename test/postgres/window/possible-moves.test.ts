import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type LookedAt,
  type PossibleMoves,
  possibleMoves,
} from '../../../src/connectors/postgres/writer/move/possible-moves.ts';

/** `1>2`: from place 1 to place 2; `1>`: to a free key; `>2`: the row is not there; `!`: displaces. */
const look = (...moves: readonly string[]): readonly LookedAt[] =>
  moves.map((text, ordinal) => {
    const [from = '', to = ''] = text.replace('!', '').split('>');
    return { ordinal, from: from || null, to: to || null, displaces: text.endsWith('!') };
  });

describe('which rows can get their new keys', () => {
  const nobody: PossibleMoves = { moving: [], aside: [], displacing: [] };
  const maybeAgain = { isOnce: false };
  test.each([
    ['a free key', ['1>'], { moving: [0] }],
    ['no row', ['>', '>2'], {}],
    ['a key that another row has', ['1>2'], {}],
    ['a key that becomes free', ['1>2', '2>'], { moving: [0, 1], aside: [1] }],
    ['a key that does not become free', ['1>2', '2>3'], {}],
    ['a circle', ['1>2', '2>3', '3>1'], { moving: [0, 1, 2], aside: [0, 1, 2] }],
    ['a circle, maybe again', ['1>2', '2>1', '3>1', '4>'], { moving: [3], ...maybeAgain }],
    ['a key of a row that is gone', ['1>2!'], { moving: [0], displacing: [0] }],
    ['a key of a row that is gone, maybe again', ['1>2!'], maybeAgain],
    ['the same key, spelled otherwise', ['1>1'], {}],
  ])(
    '%s',
    (_, moves, { isOnce = true, ...expected }: Partial<PossibleMoves> & { readonly isOnce?: boolean }) => {
      expect(possibleMoves(look(...moves), isOnce)).toEqual({ ...nobody, ...expected });
    },
  );

  test('no two rows ever have one key, and whoever may be a repeat finds nothing left to do', () => {
    const table = fc.uniqueArray(fc.nat(9), { maxLength: 8 });
    const pairs = fc.uniqueArray(fc.record({ from: fc.nat(9), to: fc.nat(9) }), { selector: ({ to }) => to });
    const distinct = pairs.map((all) => [...new Map(all.map((each) => [each.from, each])).values()]);
    fc.assert(
      fc.property(table, distinct, fc.boolean(), (rows, moves, isOnce) => {
        const run = (present: readonly number[]): readonly number[] => {
          const at = (key: number): string | null => (present.includes(key) ? String(key) : null);
          const looked = moves.map(({ from, to }, ordinal) => ({
            ordinal,
            from: at(from),
            to: at(to),
            displaces: false,
          }));
          const moving = new Map(
            possibleMoves(looked, isOnce).moving.map((n) => [moves[n]?.from, moves[n]?.to] as const),
          );
          return present.map((key) => moving.get(key) ?? key);
        };
        const once = run(rows);
        expect(new Set(once).size).toBe(rows.length);
      }),
      { numRuns: 2000 },
    );
  });
});
