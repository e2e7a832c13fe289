import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { timeAfter, timeOfTimestamp, timestampOf } from '../../src/connectors/mongodb/cluster-time.ts';
import { Batches } from '../../src/connectors/mongodb/feed/stream/batches.ts';
import { timeOfToken } from '../../src/connectors/mongodb/feed/stream/token.ts';
import { decodePosition, encodePosition, orderPositions } from '../../src/connectors/mongodb/position.ts';
import type { FeedChange } from '../../src/protocol/change.ts';

const time = (count: number): string => `6b0c3769${count.toString(16).padStart(8, '0')}`;
const token = (count: number, rest = ''): Uint8Array =>
  BSON.serialize({ _data: `82${time(count).toUpperCase()}2B${rest}04` });
const place = (count: number, rest = '') => ({ time: time(count), token: token(count, rest), atMs: count });
const meta = { origin: null, committedAtMs: 1, version: null, transaction: null };
const touch = (key: string): FeedChange => ({ kind: 'touch', collection: 't', key, meta });

/** `ab|3`: keys, then the time of the boundary, or `-` for none. */
const told = (batches: Batches): readonly string[] =>
  batches.takeItems().map((item) => {
    if (item.kind !== 'batch') return item.kind;
    const keys = item.changes.map(({ key }) => key).join('');
    const { boundary } = item;
    return `${keys}|${boundary === null ? '-' : Number.parseInt(decodePosition(boundary).time.slice(8), 16)}`;
  });

/** What a reply brings: the time of each key's event, and where it ends. */
interface Reply {
  readonly events: readonly (readonly [key: string, at: number])[];
  readonly end: number;
  readonly isSettled: boolean;
}

function tell(...replies: readonly Reply[]): readonly (readonly string[])[] {
  const batches = new Batches({ identity: 'set/shop', from: time(0) });
  return replies.map(({ events, end, isSettled }) => {
    for (const [key, at] of events) {
      batches.enter(place(at, key));
      batches.add(touch(key), 100);
    }
    batches.end(place(end), { isSettled });
    return told(batches);
  });
}

test.each<{ what: string; replies: readonly Reply[]; items: readonly (readonly string[])[] }>([
  {
    what: 'events that stand alone end with the last of them',
    replies: [
      {
        events: [
          ['a', 1],
          ['b', 2],
        ],
        end: 2,
        isSettled: true,
      },
    ],
    items: [['ab|2']],
  },
  {
    what: 'a transaction that may go on is told without a boundary, what is before it with one',
    replies: [
      {
        events: [
          ['a', 1],
          ['b', 2],
          ['c', 2],
        ],
        end: 2,
        isSettled: false,
      },
      {
        events: [
          ['d', 2],
          ['e', 3],
        ],
        end: 3,
        isSettled: true,
      },
    ],
    items: [['a|1', 'bc|-'], ['de|3']],
  },
  {
    what: 'a transaction of which nothing more comes ends with the next reply',
    replies: [
      { events: [['a', 1]], end: 1, isSettled: false },
      { events: [], end: 1, isSettled: true },
    ],
    items: [['a|-'], ['|1']],
  },
  {
    what: 'a reply that ends behind its last event ends what is before it',
    replies: [
      {
        events: [
          ['a', 1],
          ['b', 1],
        ],
        end: 5,
        isSettled: false,
      },
    ],
    items: [['ab|5']],
  },
  {
    what: 'a log without anything for us moves the position, and only forward',
    replies: [
      { events: [], end: 4, isSettled: true },
      { events: [], end: 4, isSettled: true },
      { events: [], end: 6, isSettled: true },
    ],
    items: [['|4'], [], ['|6']],
  },
])('$what', ({ replies, items }) => {
  expect(tell(...replies)).toEqual(items);
});

test('a large transaction is told in pieces, of which only the last has a boundary', () => {
  const batches = new Batches({ identity: 'set/shop', from: time(0) });
  for (let index = 0; index < 4_500; index += 1) {
    batches.enter(place(1));
    batches.add(touch('k'), 10);
  }
  batches.enter(place(2));
  batches.add(touch('z'), 10);
  batches.end(place(2), { isSettled: true });
  const items = batches.takeItems();
  const sizes = items.map((item) =>
    item.kind === 'batch' ? [item.changes.length, item.boundary !== null] : [],
  );
  expect(sizes).toEqual([
    [2_000, false],
    [2_000, false],
    [501, true],
  ]);
});

test('positions keep identity, time and token as they are, and are ordered by time', () => {
  const whole = { identity: 'set/a/b', time: time(7), token: token(7, 'k') };
  const decoded = decodePosition(encodePosition(whole));
  expect(decoded).toMatchObject({ identity: 'set/a/b', time: time(7) });
  expect(Buffer.from(decoded.token ?? []).equals(Buffer.from(whole.token))).toBe(true);
  const bare = encodePosition({ ...whole, token: null });
  expect(decodePosition(bare).token).toBeNull();
  expect(orderPositions(bare, encodePosition(whole))).toBe('same');
  expect(orderPositions(bare, encodePosition({ ...whole, time: time(10) }))).toBe('before');
  expect(() => decodePosition('log1/1/2')).toThrow('no position');
});

test('times of tokens and timestamps are the same text, and have a next one', () => {
  const timestamp = new BSON.Timestamp({ t: 0x6b0c3769, i: 7 });
  expect([timeOfToken(token(7)), timeOfTimestamp(timestamp)]).toEqual([time(7), time(7)]);
  expect(timestampOf(time(7)).equals(timestamp)).toBe(true);
  expect(timeAfter(time(255))).toBe(time(256));
});
