import { Binary } from 'mongodb';
import { readingOf, safeInteger } from '../records/read-row.ts';
import type { StoredDocument } from './names.ts';

/** Stored values, checked as they are read. The driver leaves integers above 2^53 as they are. */
export const { integer, integerOrNull, text, textOrNull, bytesOrNull, oneOf } = readingOf<StoredDocument>({
  integerOf: safeInteger,
  bytesOf: (value) =>
    value instanceof Binary ? new Uint8Array(value.buffer.subarray(0, value.position)) : null,
});
