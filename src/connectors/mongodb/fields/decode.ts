import { BSON } from 'mongodb';
import type { NativeValue, Value } from '../../../protocol/value.ts';
import { elementsOf } from '../bson/elements.ts';
import { decodeValue, isUuid } from '../bson/id-value.ts';
import { documentOf, type Element } from '../bson/layout.ts';
import { remember } from './remembered.ts';

const view = ({ value }: Element): Buffer => Buffer.from(value.buffer, value.byteOffset, value.length);

/** A mark of byte order at the front is part of the text. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What JavaScript has a value of its own for, by BSON's number of the type. Everything else is an object of the driver's. */
const decoders: Readonly<Record<number, (element: Element) => Value>> = {
  2: (element) => {
    try {
      return utf8.decode(element.value.subarray(4, -1));
    } catch {
      return asBytes(element);
    }
  },
  3: (element) => {
    const fields: { [name: string]: Value } = {};
    for (const inner of elementsOf(element.value)) define(fields, inner);
    return Object.freeze(remember(fields, element));
  },
  4: (element) => Object.freeze(remember(elementsOf(element.value).map(decodeField), element)),
  5: (element) => {
    const { value } = element;
    const content = value.subarray(5);
    if (value[4] === 0) return new Uint8Array(content);
    return isUuid(value) ? new BSON.UUID(Buffer.from(content)) : byDriver(element);
  },
  6: (element) => asBytes(element),
  7: ({ value }) => new BSON.ObjectId(Buffer.from(value)),
  8: ({ value }) => value[0] === 1,
  9: (element) => {
    const date = new Date(Number(view(element).readBigInt64LE()));
    return Number.isNaN(date.getTime()) ? asBytes(element) : date;
  },
  10: () => null,
  12: (element) => asBytes(element),
  16: (element) => view(element).readInt32LE(),
  18: (element) => view(element).readBigInt64LE(),
};

/** A value as mapping functions see it: docs/reference/values.md. Its type is kept, so that it is encoded to the same bytes. */
export function decodeField(element: Element): Value {
  const decoder = decoders[element.type];
  return decoder === undefined ? byDriver(element) : decoder(element);
}

function byDriver(element: Element): NativeValue {
  const value = decodeValue(element);
  if (!isNativeValue(value)) throw new TypeError(`the driver makes no object of BSON type ${element.type}`);
  return remember(value, element);
}

const isNativeValue = (value: unknown): value is NativeValue =>
  typeof value === 'object' && value !== null && '_bsontype' in value;

/** A name that would be taken for the prototype is a field all the same. */
function define(fields: { [name: string]: Value }, element: Element): void {
  const value = decodeField(element);
  if (element.name !== '__proto__') fields[element.name] = value;
  else Object.defineProperty(fields, element.name, { value, enumerable: true });
}

/** What neither JavaScript nor the driver can hold as it is (text that is no UTF-8, dates beyond the year 275760, undefined): in base64. */
const asBytes = (element: Element): Value =>
  Object.freeze(
    remember({ $bson: Buffer.from(documentOf([{ ...element, name: '' }])).toString('base64') }, element),
  );
