import type { Key } from '../../protocol/names.ts';
import type { Row, Value } from '../../protocol/value.ts';
import { jsonbText } from './types/jsonb-form.ts';

/** One column's text; null is no key: it equals nothing, so such a row is found neither here nor at the other side. */
export type KeyPart = string | null;

/** The text forms of the key columns, in the key's order, as a JSON array: `["42","eu"]`. */
export const encodeKey = (parts: readonly KeyPart[]): Key => JSON.stringify(parts);

/** Most keys don't even have the letters. */
export const hasNullPart = (key: Key): boolean =>
  key.includes('null') && isKey(key) && decodeKey(key).includes(null);

/** A target of another kind may have keys that no row here can have. */
export const isKey = (key: Key): boolean => key.startsWith('[') && !holdsZero(key);

/** No text of PostgreSQL does. */
const holdsZero = (key: Key): boolean =>
  key.includes('\\u0000') && decodeKey(key).some((part) => part?.includes('\0'));

export function decodeKey(key: Key): KeyPart[] {
  const parts: unknown = JSON.parse(key);
  if (!Array.isArray(parts)) throw new TypeError('a key is a JSON array of texts');
  return parts.map((part) => (part === null ? null : String(part)));
}

export const keyOf = (row: Row, columns: readonly string[]): Key =>
  encodeKey(columns.map((name) => keyText(row[name] ?? null)));

/**
 * One value in the spelling of a key: that of values of the `rows` format (times with `T` and `Z`, bytes as `\x…`), which
 * PostgreSQL reads back, and which needs no type to be made.
 */
export function keyText(value: Value): KeyPart {
  if (typeof value === 'string' || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  return typeof value === 'object' ? jsonbText(value) : String(value);
}

/** The same spelling made by the server, for keys that are not read as values. Floats may be spelled otherwise. */
export function keyTextExpression(expression: string, typeName: string): string {
  const text = `(${expression})::pg_catalog.text`;
  const withLetter = `pg_catalog.regexp_replace(${text}, '^(\\S+) ', '\\1T')`;
  switch (typeName) {
    // A cast to text takes the blanks off.
    case 'character':
    case 'bpchar':
      return `CASE WHEN ${expression} IS NOT NULL THEN pg_catalog.concat(${expression}) END`;
    case 'timestamp without time zone':
      return withLetter;
    case 'timestamp with time zone':
      return `pg_catalog.replace(${withLetter}, '+00', 'Z')`;
    default:
      return text;
  }
}
