import { describe, expect, test } from 'vitest';
import {
  afterTransaction,
  comparePositions,
  decodePosition,
  encodePosition,
  type LogPosition,
} from '../../../src/connectors/postgres/feed/triggers/position.ts';
import { GapLedger } from '../../../src/connectors/postgres/feed/triggers/read/gap-ledger.ts';
import { lostHistory } from '../../../src/connectors/postgres/feed/triggers/read/lost-history.ts';
import {
  type Appearance,
  differencesBetween,
} from '../../../src/connectors/postgres/feed/triggers/setup/appearance.ts';

const position = (parts: Partial<LogPosition> = {}): LogPosition => ({
  identity: '7412345678901234567/1/a/b',
  epoch: '6f1b5c1e-0c6a-4f0e-9d3e-1f2a3b4c5d6e',
  xid: 100n,
  seq: 7n,
  gap: 0n,
  ...parts,
});

describe('positions', () => {
  test.each([{}, { seq: afterTransaction }, { xid: 1n << 63n, gap: 12n }])(
    'come back as they were: %o',
    (parts) => {
      expect(decodePosition(encodePosition(position(parts)))).toEqual(position(parts));
    },
  );

  test('what is no position is said to be none', () => {
    for (const text of ['', '0/16B3748', 'log1/x/1/0/e/i', 'log1/1/x/0/e/i'])
      expect(() => decodePosition(text)).toThrow('no position');
  });

  test.each([
    [{}, {}, 0],
    [{ xid: 99n, seq: 9n }, {}, -1],
    [{ seq: afterTransaction }, { xid: 101n, seq: 0n }, -1],
    [{ gap: 1n, xid: 1n }, {}, 1],
  ] as const)('%o and %o', (a, b, order) => {
    expect(comparePositions(position(a), position(b))).toBe(order);
    expect(comparePositions(position(b), position(a)) + order).toBe(0);
  });
});

describe('the gap ledger', () => {
  test('as told: nothing', () => {
    const ledger = new GapLedger();
    expect([ledger.see(3n, { gap: 3n, xmin: 50n }, true), ledger.isWaiting]).toEqual(['none', false]);
  });

  test('moved while an earlier gap is not acknowledged: nothing', () => {
    expect(new GapLedger().see(3n, { gap: 4n, xmin: 50n }, false)).toBe('none');
  });

  test('moved: kept until every transaction that was open then is over, and told as it was', () => {
    const ledger = new GapLedger();
    expect(ledger.see(3n, { gap: 4n, xmin: 50n }, true)).toBe('mark');
    ledger.mark(60n);
    expect(ledger.see(3n, { gap: 5n, xmin: 60n }, true)).toBe('none');
    expect(ledger.isWaiting).toBe(true);
    expect(ledger.see(3n, { gap: 6n, xmin: 61n }, true)).toBe('tell');
    expect(ledger.take()).toBe(4n);
    expect(ledger.see(4n, { gap: 6n, xmin: 61n }, true)).toBe('mark');
  });
});

describe('a position in a log', () => {
  const log = { identity: position().identity, epoch: position().epoch, xmax: 200n, lowXid: 50n, gap: 0n };
  test.each([
    [{}, {}, null],
    [{}, { lowXid: 0n }, null],
    [{ xid: 50n, seq: afterTransaction }, {}, null],
    [{ xid: 50n }, {}, 'taken out'],
    [{ xid: 0n, seq: 0n }, { lowXid: 0n }, null],
    [{}, { lowXid: 101n }, 'taken out'],
    [{ xid: 200n }, {}, 'older copy'],
    [{ gap: 1n }, {}, 'older copy'],
    [{}, { epoch: null }, 'made anew'],
    [{}, { identity: 'other' }, 'another server'],
  ] as const)('%o in %o', (parts, other, reason) => {
    const lost = lostHistory(position(parts), { ...log, ...other });
    if (reason === null) expect(lost).toBeNull();
    else expect(lost).toContain(reason);
  });
});

describe('what happened to a table between two looks', () => {
  const member = { oid: 1, name: 'public.t', filenode: 10, triggers: ['ins:A'] };
  const before: Appearance = {
    name: 'public.t',
    members: [member],
    columns: ['1:id integer', '2:v text'],
    functions: ['f:1:logs'],
  };
  const cases: readonly (readonly [string, Partial<Appearance>, readonly (readonly [string, boolean])[]])[] =
    [
      ['nothing', {}, []],
      ['its name is another', { name: 'public.u' }, [['rename', false]]],
      [
        'columns',
        { columns: ['1:id integer', '3:w text'] },
        [
          ['shape', false],
          ['shape', false],
        ],
      ],
      ['a table partition came', { members: [member, { ...member, oid: 2 }] }, [['shape', true]]],
      ['a table partition went', { members: [] }, [['shape', true]]],
      ['a file is another', { members: [{ ...member, filenode: 11 }] }, [['shape', true]]],
      ['a file is another, after a truncation', { members: [{ ...member, filenode: 12 }] }, []],
      ['a trigger is gone', { members: [{ ...member, triggers: [] }] }, [['shape', true]]],
      ['a trigger is off', { members: [{ ...member, triggers: ['ins:D'] }] }, [['shape', true]]],
      ['a trigger fires for less', { members: [{ ...member, triggers: ['ins:O'] }] }, [['shape', true]]],
      ['the function may not write the log', { functions: ['f:1:mute'] }, [['shape', true]]],
    ];
  test.each(cases)('%s', (_, change, expected) => {
    const found = differencesBetween(before, { ...before, ...change }, (_oid, filenode) => filenode === 12);
    expect(found.map(({ kind, gap }) => [kind, gap])).toEqual(expected);
  });

  test('a trigger that fires always from now on is no news', () => {
    const origin = { ...before, members: [{ ...member, triggers: ['ins:O'] }] };
    expect(differencesBetween(origin, before, () => false)).toEqual([]);
  });
});
