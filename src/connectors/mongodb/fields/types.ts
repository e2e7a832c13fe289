import { BSON } from 'mongodb';
import { uuidSubtype } from '../bson/id-value.ts';
import { bsonTypes } from '../bson/layout.ts';
import { binary, double, encodeField, int64, NotStorable } from './encode.ts';
import type { StoredValue } from './remembered.ts';

type Encode = (value: unknown) => StoredValue;

/** The types that a field can be given, by the names that MongoDB has for them (`$type`), and `uuid`. Each keeps what is of the type already. */
const encoders: ReadonlyMap<string, Encode> = new Map<string, Encode>([
  ['string', (value) => encodeField(asText(value))],
  ['uuid', uuid],
  ['objectId', (value) => encodeField(asObjectId(value))],
  ['int', (value) => int32(asInteger(value))],
  ['long', (value) => int64(fitting(asInteger(value), 64))],
  ['double', (value) => double(asNumber(value))],
  ['decimal', (value) => encodeField(asDecimal(value))],
  ['bool', (value) => only(value, 0x08)],
  ['date', (value) => encodeField(asDate(value))],
  ['binData', (value) => only(value, 0x05)],
  ['object', (value) => only(value, bsonTypes.document)],
  ['array', (value) => only(value, bsonTypes.array)],
]);

export const fieldTypes: readonly string[] = [...encoders.keys()];

/** Null: the value's own type. */
export const encoderOf = (type: string | null): Encode => {
  const encoder = type === null ? undefined : encoders.get(type);
  return encoder === undefined
    ? encodeField
    : (value) => (value === null ? encodeField(null) : encoder(value));
};

function only(value: unknown, type: number): StoredValue {
  const stored = encodeField(value);
  if (stored.type !== type) throw refusal(value);
  return stored;
}

export const kindOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? value.constructor.name : typeof value;

function refusal(value: unknown): NotStorable {
  if (typeof value === 'string') return new NotStorable('string of this form');
  return new NotStorable(typeof value === 'number' ? 'number of this size' : kindOf(value));
}

export function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString();
  const isPlain = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
  if (isPlain || hasTextForm(value)) return String(value);
  throw refusal(value);
}

const textTypes: ReadonlySet<unknown> = new Set([
  'ObjectId',
  'Decimal128',
  'Double',
  'Int32',
  'Long',
  'BSONSymbol',
]);

const hasTextForm = (value: unknown): boolean =>
  value instanceof BSON.UUID ||
  (typeof value === 'object' && value !== null && '_bsontype' in value && textTypes.has(value._bsontype));

/** In the one spelling that comes back. */
const uuidText = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** From its text at once: to make an object of the driver's of it first takes ten times as long. */
function uuid(value: unknown): StoredValue {
  if (value instanceof BSON.UUID) return encodeField(value);
  if (typeof value === 'string' && uuidText.test(value))
    return binary(Buffer.from(value.replaceAll('-', ''), 'hex'), uuidSubtype);
  throw refusal(value);
}

function asObjectId(value: unknown): BSON.ObjectId {
  if (value instanceof BSON.ObjectId) return value;
  if (typeof value === 'string' && /^[0-9a-f]{24}$/.test(value)) return new BSON.ObjectId(value);
  throw refusal(value);
}

function asInteger(value: unknown): bigint {
  const text = typeof value === 'bigint' ? String(value) : plainNumber(value);
  if (!/^-?\d+$/.test(text)) throw refusal(value);
  return BigInt(text);
}

const plainNumber = (value: unknown): string => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : '';
  const isBoxed = value instanceof BSON.Double || value instanceof BSON.Int32 || value instanceof BSON.Long;
  return isBoxed ? String(value) : '';
};

function fitting(value: bigint, bits: number): bigint {
  if (BigInt.asIntN(bits, value) !== value) throw new NotStorable('number of this size');
  return value;
}

const int32 = (value: bigint): StoredValue => encodeField(Number(fitting(value, 32)));

function asNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value instanceof BSON.Double) return value.value;
  if (typeof value === 'bigint' && BigInt(Number(value)) === value) return Number(value);
  if (typeof value === 'string' && value.trim() !== '') {
    const number = Number(value);
    if (!Number.isNaN(number) || value === 'NaN') return number;
  }
  throw refusal(value);
}

function asDecimal(value: unknown): BSON.Decimal128 {
  if (value instanceof BSON.Decimal128) return value;
  const isText = typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
  if (!isText) throw refusal(value);
  try {
    return BSON.Decimal128.fromString(String(value));
  } catch {
    // More digits than it has.
    throw refusal(value);
  }
}

const isoMoment = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?$/;

/** To the millisecond, below which a date of MongoDB has nothing; a time without zone is taken as UTC. */
function asDate(value: unknown): Date {
  if (value instanceof Date) return value;
  if (typeof value !== 'string' || !isoMoment.test(value)) throw refusal(value);
  const hasZone = !value.includes('T') || /(?:Z|[+-]\d\d(?::?\d\d)?)$/.test(value);
  const date = new Date(hasZone ? value : `${value}Z`);
  if (Number.isNaN(date.getTime())) throw refusal(value);
  return date;
}
