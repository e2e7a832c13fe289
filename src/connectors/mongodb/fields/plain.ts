import { BSON } from 'mongodb';
import { isNative, type NativeValue, type Value } from '../../../protocol/value.ts';

/**
 * A value without what only MongoDB has: what functions see whose rows go to a database of another kind. Doubles are numbers, ids and
 * decimals texts, and what has no such form is an object of relaxed extended JSON.
 */
export function plainValue(value: Value): Value {
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (value instanceof Uint8Array) return value;
  if (isNative(value)) return plainNative(value);
  if (isList(value)) return value.map(plainValue);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plainValue(item)]));
}

const isList = (value: object): value is readonly Value[] => Array.isArray(value);

function plainNative(value: NativeValue): Value {
  if (value instanceof BSON.Double || value instanceof BSON.Int32) return value.value;
  if (value instanceof BSON.Long && !(value instanceof BSON.Timestamp)) return value.toBigInt();
  if (value instanceof BSON.UUID || value instanceof BSON.ObjectId || value instanceof BSON.Decimal128)
    return String(value);
  if (value instanceof BSON.Binary) return new Uint8Array(value.value());
  if (value instanceof BSON.BSONSymbol) return value.value;
  return relaxed(value);
}

/** As JSON has it. */
function relaxed(value: unknown): Value {
  const parsed: unknown = JSON.parse(BSON.EJSON.stringify({ value }, { relaxed: true }));
  if (typeof parsed === 'object' && parsed !== null && 'value' in parsed && isJson(parsed.value))
    return parsed.value;
  throw new TypeError('the driver made no JSON');
}

/** JSON is made of nothing else. */
const isJson = (value: unknown): value is Value =>
  typeof value !== 'undefined' && typeof value !== 'function';

/** Whatever JSON can hold is that, and what it can't is relaxed extended JSON: dates, bytes, ids. */
export function jsonValue(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  if (isNative(value))
    return value instanceof BSON.Double && Number.isFinite(value.value) ? value.value : relaxed(value);
  if (value instanceof Date || value instanceof Uint8Array) return relaxed(value);
  if (isList(value)) return value.map(jsonValue);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, jsonValue(item)]));
}

/** For columns of text. */
export function textValue(value: Value): Value {
  const plain = plainValue(value);
  if (typeof plain !== 'object' || plain === null) return plain === null ? null : String(plain);
  if (plain instanceof Date) return plain.toISOString();
  return JSON.stringify(jsonValue(value), (_, item: unknown) =>
    typeof item === 'bigint' ? Number(item) : item,
  );
}
