import { Binary, Long } from 'mongodb';
import { describe, expect, test } from 'vitest';
import * as mongodb from '../../src/store/mongodb/row.ts';
import * as postgres from '../../src/store/postgres/row.ts';
import type { RowReading } from '../../src/store/records/read-row.ts';
import * as sqlite from '../../src/store/sqlite/row.ts';

interface Store {
  readonly name: string;
  readonly reading: RowReading<never>;
  /** 42 and the bytes 1, 2, as this store gives them. */
  readonly integer: unknown;
  readonly bytes: unknown;
  /** What is no integer, and no bytes. */
  readonly notIntegers: readonly unknown[];
  readonly notBytes: readonly unknown[];
}

const stores: readonly Store[] = [
  {
    name: 'sqlite',
    reading: sqlite,
    integer: 42,
    bytes: new Uint8Array([1, 2]),
    notIntegers: ['42', 4.2, 2 ** 53],
    notBytes: ['\\x0102'],
  },
  {
    name: 'postgres',
    reading: postgres,
    integer: '42',
    bytes: '\\x0102',
    notIntegers: [42, '', '4.2', 'x', String(2 ** 53)],
    notBytes: ['0102', new Uint8Array([1, 2])],
  },
  {
    name: 'mongodb',
    reading: mongodb,
    integer: 42,
    bytes: new Binary(new Uint8Array([1, 2])),
    notIntegers: ['42', 4.2, Long.fromNumber(2 ** 53)],
    notBytes: [new Uint8Array([1, 2])],
  },
];

describe.each(stores)('rows of $name', ({ reading, integer, bytes, notIntegers, notBytes }) => {
  const row = (value: unknown): never => ({ column: value }) as never;

  test('are read by what a column is to hold; null where it may be', () => {
    expect(reading.integer(row(integer), 'column')).toBe(42);
    expect(reading.integerOrNull(row(null), 'column')).toBeNull();
    expect(reading.text(row('words'), 'column')).toBe('words');
    expect(reading.textOrNull(row(null), 'column')).toBeNull();
    expect(reading.bytesOrNull(row(bytes), 'column')).toEqual(new Uint8Array([1, 2]));
    expect(reading.bytesOrNull(row(null), 'column')).toBeNull();
    expect(reading.oneOf(row('b'), 'column', ['a', 'b'])).toBe('b');
  });

  test('that hold something else, or nothing, are refused by their column', () => {
    for (const value of [...notIntegers, null, undefined])
      expect(() => reading.integer(row(value), 'column'), String(value)).toThrow(/^column holds no integer/);
    for (const value of notBytes)
      expect(() => reading.bytesOrNull(row(value), 'column')).toThrow('column holds no bytes');
    expect(() => reading.text(row(null), 'column')).toThrow('column holds no text');
    expect(() => reading.textOrNull(row(undefined), 'column')).toThrow('column holds no text');
    expect(() => reading.text(undefined, 'column')).toThrow('column holds no text');
    expect(() => reading.oneOf(row('c'), 'column', ['a', 'b'])).toThrow('column holds an unknown word');
  });
});
