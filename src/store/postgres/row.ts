/** Stored values in the server's text form, checked as they are read. */
export type StoredRow = Readonly<Record<string, string | null>>;

/** What a statement may be given; nulls and numbers as they are, bytes as `bytea`, lists as arrays. */
export type Parameter =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly (string | number | null | Uint8Array)[];

export function integer(row: StoredRow | undefined, column: string): number {
  const value = Number(text(row, column));
  // Above 2^53 neighbours are equal: a number that was rounded would be somebody else's.
  if (!Number.isSafeInteger(value)) throw new TypeError(`${column} holds no integer that can be told apart`);
  return value;
}

export const integerOrNull = (row: StoredRow, column: string): number | null =>
  textOrNull(row, column) === null ? null : integer(row, column);

export function text(row: StoredRow | undefined, column: string): string {
  const value = row?.[column];
  if (typeof value !== 'string') throw new TypeError(`${column} holds no text`);
  return value;
}

export const textOrNull = (row: StoredRow, column: string): string | null =>
  row[column] === null ? null : text(row, column);

export const flag = (row: StoredRow | undefined, column: string): boolean => text(row, column) === 't';

/** As `bytea_output = hex` shows them. */
export function bytesOrNull(row: StoredRow, column: string): Uint8Array | null {
  const value = textOrNull(row, column);
  if (value === null) return null;
  if (!value.startsWith('\\x')) throw new TypeError(`${column} holds no bytes`);
  return new Uint8Array(Buffer.from(value.slice(2), 'hex'));
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

/** PostgreSQL's texts hold no NUL; what is written for people loses nothing without it. */
export const sentence = (words: string): string => words.replaceAll('\0', '');
