import { expect, test } from 'vitest';
import { firstReply, nextReply } from '../../src/connectors/mongodb/reader/reply-size.ts';

const after = (count: number, bytesEach: number): number =>
  nextReply({ count, bytes: { length: count * bytesEach } });

test('the larger documents are, the fewer are asked for at once', () => {
  expect(after(100, 50)).toBe(1_000);
  expect(after(100, 16_384)).toBe(128);
  expect(after(3, 1_000_000)).toBe(2);
});

test('one that is larger than a reply should be is asked for by itself', () => {
  expect(after(1, 16_000_000)).toBe(1);
});

test('a reply without documents says nothing of their size', () => {
  expect(nextReply({ count: 0, bytes: { length: 0 } })).toBe(firstReply);
});
