import { Binary } from 'mongodb';
import type { StoredDocument } from './names.ts';

/** Stored values, checked as they are read. */
export function integer(row: StoredDocument | null | undefined, column: string): number {
  const value = row?.[column];
  // The driver leaves what is above 2^53 as it is: a number that was rounded would be somebody else's.
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new TypeError(`${column} holds no integer that can be told apart`);
  return value;
}

export const integerOrNull = (row: StoredDocument, column: string): number | null =>
  row[column] === null ? null : integer(row, column);

export function text(row: StoredDocument | null | undefined, column: string): string {
  const value = row?.[column];
  if (typeof value !== 'string') throw new TypeError(`${column} holds no text`);
  return value;
}

export const textOrNull = (row: StoredDocument, column: string): string | null =>
  row[column] === null ? null : text(row, column);

export function bytesOrNull(row: StoredDocument, column: string): Uint8Array | null {
  const value = row[column];
  if (value === null) return null;
  if (!(value instanceof Binary)) throw new TypeError(`${column} holds no bytes`);
  return new Uint8Array(value.buffer.subarray(0, value.position));
}

export function oneOf<const Allowed extends string>(
  row: StoredDocument,
  column: string,
  allowed: readonly Allowed[],
): Allowed {
  const value = text(row, column);
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new TypeError(`${column} holds an unknown word`);
  return found;
}
