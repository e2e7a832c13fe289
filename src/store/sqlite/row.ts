import type { SQLOutputValue } from 'node:sqlite';

/** Stored values, checked as they are read. Integers above 2^53 make node:sqlite throw instead of rounding. */
export type StoredRow = Readonly<Record<string, SQLOutputValue>>;

export function integer(row: StoredRow, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new TypeError(`${column} holds no integer`);
  return value;
}

export const integerOrNull = (row: StoredRow, column: string): number | null =>
  row[column] === null ? null : integer(row, column);

export function text(row: StoredRow, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`${column} holds no text`);
  return value;
}

export const textOrNull = (row: StoredRow, column: string): string | null =>
  row[column] === null ? null : text(row, column);

export function bytesOrNull(row: StoredRow, column: string): Uint8Array | null {
  const value = row[column];
  if (value === null || value instanceof Uint8Array) return value;
  throw new TypeError(`${column} holds no bytes`);
}

export function oneOf<const Allowed extends string>(
  row: StoredRow,
  column: string,
  allowed: readonly Allowed[],
): Allowed {
  const value = text(row, column);
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new TypeError(`${column} holds an unknown word`);
  return found;
}
