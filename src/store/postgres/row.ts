import { readingOf, safeInteger } from '../records/read-row.ts';

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

export const { integer, integerOrNull, text, textOrNull, bytesOrNull, oneOf } = readingOf<StoredRow>({
  integerOf: (value) => (typeof value === 'string' && value !== '' ? safeInteger(Number(value)) : null),
  // As `bytea_output = hex` shows them.
  bytesOf: (value) =>
    typeof value === 'string' && value.startsWith('\\x')
      ? new Uint8Array(Buffer.from(value.slice(2), 'hex'))
      : null,
});

export const flag = (row: StoredRow | undefined, column: string): boolean => text(row, column) === 't';

/** PostgreSQL's texts hold no NUL; what is written for people loses nothing without it. */
export const sentence = (words: string): string => words.replaceAll('\0', '');
