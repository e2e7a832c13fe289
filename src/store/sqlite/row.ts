import type { SQLOutputValue } from 'node:sqlite';
import { readingOf, safeInteger } from '../records/read-row.ts';

/** Stored values, checked as they are read. Integers above 2^53 make node:sqlite throw instead of rounding. */
export type StoredRow = Readonly<Record<string, SQLOutputValue>>;

export const { integer, integerOrNull, text, textOrNull, bytesOrNull, oneOf } = readingOf<StoredRow>({
  integerOf: safeInteger,
  bytesOf: (value) => (value instanceof Uint8Array ? value : null),
});
