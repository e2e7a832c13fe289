import { isNative, type NativeValue, type Row, type Value } from '../../protocol/value.ts';

/** Marks what JSON can't hold; an object that has this key itself is written as its entries. */
const mark = '#';

/** A row as JSON that loses nothing: what JSON can't hold stands as `{ "#": kind, "text": … }`. */
export const rowToJson = (row: Row): string => JSON.stringify(encode(row));

export function rowFromJson(json: string): Row {
  const parsed: unknown = JSON.parse(json);
  const row = decode(parsed);
  if (!isRow(row)) throw new TypeError('it holds no row');
  return row;
}

const isRow = (value: Value): value is Row =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Date) &&
  !(value instanceof Uint8Array);

function encode(value: Value): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0) ? value : tagged('number', spell(value));
  if (typeof value === 'bigint') return tagged('bigint', String(value));
  if (value instanceof Date) return tagged('date', spell(value.getTime()));
  if (value instanceof Uint8Array) return tagged('bytes', Buffer.from(value).toString('base64'));
  if (isList(value)) return value.map(encode);
  if (isNative(value)) return nativeJson(value);
  const entries = Object.entries(value).map(([name, item]) => [name, encode(item)] as const);
  return Object.hasOwn(value, mark) ? { [mark]: 'object', entries } : Object.fromEntries(entries);
}

/** Letters are for people: it is not made again from this. */
const nativeJson = (value: NativeValue): unknown =>
  'toExtendedJSON' in value && typeof value.toExtendedJSON === 'function'
    ? value.toExtendedJSON({ relaxed: false })
    : String(value);

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

const spell = (number: number): string => (Object.is(number, -0) ? '-0' : String(number));

const tagged = (kind: string, text: string) => ({ [mark]: kind, text });

function decode(json: unknown): Value {
  if (json === null || typeof json === 'string' || typeof json === 'boolean' || typeof json === 'number')
    return json;
  if (Array.isArray(json)) return json.map(decode);
  if (typeof json !== 'object') throw new TypeError('it holds no value');
  if (mark in json) return decodeTagged(json);
  return Object.fromEntries(Object.entries(json).map(([name, item]) => [name, decode(item)]));
}

function decodeTagged(json: object): Value {
  const kind = mark in json ? json[mark] : undefined;
  if (kind === 'object' && 'entries' in json && Array.isArray(json.entries)) {
    const entries: readonly (readonly [string, unknown])[] = json.entries;
    return Object.fromEntries(entries.map(([name, item]) => [name, decode(item)]));
  }
  const text = 'text' in json && typeof json.text === 'string' ? json.text : '';
  switch (kind) {
    case 'number':
      return Number(text);
    case 'bigint':
      return BigInt(text);
    case 'date':
      return new Date(Number(text));
    case 'bytes':
      return new Uint8Array(Buffer.from(text, 'base64'));
    default:
      throw new TypeError('it holds a kind of value that this version does not know');
  }
}
