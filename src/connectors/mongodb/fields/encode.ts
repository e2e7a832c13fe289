import { BSON } from 'mongodb';
import { elementsOf } from '../bson/elements.ts';
import { uuidSubtype } from '../bson/id-value.ts';
import { bsonTypes, documentOf } from '../bson/layout.ts';
import { type StoredValue, storedValueOf } from './remembered.ts';

/** The value is of a kind that the type does not take; the caller knows field and type. Never holds the value. */
export class NotStorable extends Error {
  readonly kind: string;

  constructor(kind: string) {
    super('value can’t be stored');
    this.kind = kind;
  }
}

/**
 * A value as BSON. A number is an Int32 if it is whole and fits, else a Double; a bigint is an Int64; bytes are Binary of subtype 0; objects
 * of the driver's are what they say. What was read from a document is written as it was read.
 */
export function encodeField(value: unknown): StoredValue {
  switch (typeof value) {
    case 'string':
      return text(value);
    case 'boolean':
      return { type: 0x08, value: Uint8Array.of(value ? 1 : 0) };
    case 'number':
      return isInt32(value) ? int32(value) : double(value);
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) throw new NotStorable('bigint of this size');
      return int64(value);
    case 'object':
      return value === null ? { type: 0x0a, value: nothing } : encodeObject(value);
    default:
      throw new NotStorable(typeof value);
  }
}

const nothing = new Uint8Array();
const isInt32 = (value: number): boolean => (value | 0) === value && !Object.is(value, -0);

function encodeObject(value: object): StoredValue {
  const stored = storedValueOf(value);
  if (stored !== undefined) return stored;
  if (value instanceof Date) return date(value);
  if ('_bsontype' in value) return byDriver(value);
  if (value instanceof Uint8Array) return binary(value);
  if (Array.isArray(value)) return list(value);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return document(Object.entries(value));
  throw new NotStorable(value.constructor.name);
}

function text(value: string): StoredValue {
  if (!value.isWellFormed()) throw new NotStorable('string with half a surrogate pair');
  // Pooled, as all here: a buffer of its own costs more than what it holds.
  const bytes = Buffer.allocUnsafe(4 + Buffer.byteLength(value) + 1);
  bytes.writeInt32LE(bytes.length - 4);
  bytes.write(value, 4);
  bytes.writeUInt8(0, bytes.length - 1);
  return { type: bsonTypes.string, value: bytes };
}

function int32(value: number): StoredValue {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32LE(value);
  return { type: 0x10, value: bytes };
}

export function int64(value: bigint): StoredValue {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64LE(value);
  return { type: 0x12, value: bytes };
}

export function double(value: number): StoredValue {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleLE(value);
  return { type: 0x01, value: bytes };
}

function date(value: Date): StoredValue {
  if (Number.isNaN(value.getTime())) throw new NotStorable('invalid Date');
  return { type: 0x09, value: int64(BigInt(value.getTime())).value };
}

export function binary(content: Uint8Array, subtype = 0): StoredValue {
  const bytes = Buffer.allocUnsafe(5 + content.length);
  bytes.writeInt32LE(content.length);
  bytes[4] = subtype;
  bytes.set(content, 5);
  return { type: bsonTypes.binary, value: bytes };
}

function list(items: readonly unknown[]): StoredValue {
  const elements = items.map((item, index) => ({ ...encodeField(item), name: String(index) }));
  return { type: bsonTypes.array, value: documentOf(elements) };
}

/** Fields that are undefined are left out, as JSON does it. */
function document(entries: readonly (readonly [string, unknown])[]): StoredValue {
  const elements = entries
    .filter(([, item]) => item !== undefined)
    .map(([name, item]) => {
      if (name.includes('\0')) throw new NotStorable('object with a name that holds a zero');
      return { ...encodeField(item), name };
    });
  return { type: bsonTypes.document, value: documentOf(elements) };
}

/** The driver's classes know their bytes themselves; those that are met most are asked for them without a document around. */
function byDriver(value: object): StoredValue {
  if (value instanceof BSON.UUID) return binary(value.buffer, uuidSubtype);
  if (value instanceof BSON.ObjectId) return { type: bsonTypes.objectId, value: value.id };
  const [element] = elementsOf(BSON.serialize({ value }));
  if (element === undefined) throw new NotStorable(value.constructor.name);
  return { type: element.type, value: element.value };
}
