import { BSON } from 'mongodb';
import { elementsOf } from './elements.ts';
import { bsonTypes, documentOf, type Element, int32At } from './layout.ts';

/** Keeps every type as it is: an Int32 stays one, and a regular expression keeps its flags. */
export const keepingTypes = {
  promoteValues: false,
  promoteLongs: false,
  promoteBuffers: false,
  bsonRegExp: true,
} as const;

type Decode = (bytes: Uint8Array) => unknown;

const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** What is met most, made without the driver's reader, which wants a whole document. By BSON's number of the type; undefined: not this value. */
const decoders: Readonly<Record<number, Decode>> = {
  1: (bytes) => new BSON.Double(view(bytes).readDoubleLE()),
  5: (bytes) => (isUuid(bytes) ? new BSON.UUID(Buffer.from(bytes.subarray(uuidAt))) : undefined),
  7: (bytes) => new BSON.ObjectId(Buffer.from(bytes)),
  8: (bytes) => bytes[0] === 1,
  16: (bytes) => new BSON.Int32(int32At(bytes, 0)),
  18: (bytes) => new BSON.Long(int32At(bytes, 0), int32At(bytes, 4)),
};

/** Behind the length and the subtype. */
export const uuidAt = 5;
export const uuidSubtype = 4;

/** Of a Binary. */
export const isUuid = (bytes: Uint8Array): boolean =>
  bytes[uuidAt - 1] === uuidSubtype && bytes.length === uuidAt + 16;

/** A value as the driver takes it. Documents are maps, which keep the order of their fields: objects put names that look like numbers first. */
export function decodeValue(element: Element): unknown {
  if (element.type === bsonTypes.document)
    return new Map(elementsOf(element.value).map((inner) => [inner.name, decodeValue(inner)]));
  if (element.type === bsonTypes.array) return elementsOf(element.value).map(decodeValue);
  return (
    decoders[element.type]?.(element.value) ??
    BSON.deserialize(documentOf([{ ...element, name: 'value' }]), keepingTypes)['value']
  );
}
