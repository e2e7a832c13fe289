import type { Value } from '../../../protocol/value.ts';
import { jsonValue, plainValue, textValue } from './plain.ts';

type Convert = (value: Value) => Value;

/** What values of documents become for columns of PostgreSQL, by what takes them there: docs/reference/types-between-databases.md. */
const byType: Readonly<Record<string, Convert>> = {
  text: textValue,
  'character varying': textValue,
  character: textValue,
  json: jsonValue,
  jsonb: jsonValue,
};

/** `numeric(12,2)` → `numeric`, `timestamp(3) with time zone` → `timestamp with time zone`. */
export const unmodified = (type: string): string => type.replace(/\(\d+(?:,-?\d+)?\)/, '');

/** What a column does not take is refused by the writer when it is written. */
export const converterTo = (type: string): Convert => byType[unmodified(type)] ?? plainValue;

/** Asks for values of JavaScript's own types. */
export const plainType = 'plain';
