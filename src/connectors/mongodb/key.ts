import { BSON } from 'mongodb';
import type { Key } from '../../protocol/names.ts';
import { elementsOf, idElement } from './bson/elements.ts';
import { decodeValue } from './bson/id-value.ts';
import { bsonTypes, documentOf, type Element, hexText } from './bson/layout.ts';
import { numberText } from './key-number.ts';

/**
 * The key of a stored document: its `_id` as canonical extended JSON
 * (https://github.com/mongodb/specifications/blob/master/source/extended-json.md), with numbers by their value, as MongoDB holds 1, 1.0 and
 * NumberLong(1) to be one key.
 */
export const keyOfDocument = (document: Uint8Array): Key => keyOfId(idElement(document));

export function keyOfId(id: Element): Key {
  if (id.type === bsonTypes.objectId) return `{"$oid":"${hexText(id.value)}"}`;
  const text = spelling(decodeValue(id));
  if (text !== null) return text;
  const document = documentOf([{ ...id, name: '_id' }]);
  return `{"$bson":"${Buffer.from(document).toString('base64')}"}`;
}

/** The `_id` that a key spells, as the driver takes it. */
export function idOfKey(key: Key): unknown {
  const spelled = spelledAsBytes(key);
  return spelled === null ? BSON.EJSON.parse(key, { relaxed: false }) : decodeValue(spelled);
}

/** Null: the key is spelled otherwise. */
function spelledAsBytes(key: Key): Element | null {
  const raw = /^\{"\$bson":"([^"]*)"\}$/.exec(key)?.[1];
  if (raw === undefined) return null;
  const [element] = elementsOf(Buffer.from(raw, 'base64'));
  if (element === undefined) throw new TypeError('a key of bytes holds one element');
  return { ...element, name: '_id' };
}

const objectIdKey = /^\{"\$oid":"([0-9a-f]{24})"\}$/;

/** The same as it is stored, or as something that MongoDB holds equal to it; null: no id of this collection has such a key. */
export function elementOfKey(key: Key): Element | null {
  const hex = objectIdKey.exec(key)?.[1];
  if (hex !== undefined) return { type: bsonTypes.objectId, name: '_id', value: Buffer.from(hex, 'hex') };
  if (insideOther(key) !== null) return null;
  return spelledAsBytes(key) ?? idElement(BSON.serialize({ _id: idOfKey(key) }));
}

/** How a target spells an id that no row of its source can have; MongoDB stores no `_id` with such a name. */
const otherPrefix = '{"$other":';

export const otherKey = (id: Element): Key => `${otherPrefix}${keyOfId(id)}}`;

/** The key that the id has for itself; null: it is no such key. */
export const insideOther = (key: Key): Key | null =>
  key.startsWith(otherPrefix) ? key.slice(otherPrefix.length, -1) : null;

/** Numbers inside it are not spelled by value, so a key that MongoDB holds equal may be spelled otherwise. */
export const isSpelledAsBytes = (key: Key): boolean => key.startsWith('{"$bson"');

/** Null: extended JSON can't say it without changing it. */
function spelling(value: unknown): string | null {
  if (value === null) return 'null';
  if (typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (value instanceof Date) return `{"$date":{"$numberLong":"${value.getTime()}"}}`;
  if (value instanceof Map) return documentText(value);
  if (Array.isArray(value)) return listText(value);
  if (isOddUuid(value)) return null;
  return numberText(value) ?? otherText(value);
}

/** Of a UUID's subtype and another length: extended JSON has it, and is not read back. */
const isOddUuid = (value: unknown): boolean =>
  value instanceof BSON.Binary && value.sub_type === BSON.Binary.SUBTYPE_UUID && value.length() !== 16;

/** MongoDB compares symbols as strings. */
const otherText = (value: unknown): string =>
  value instanceof BSON.BSONSymbol
    ? JSON.stringify(value.value)
    : BSON.EJSON.stringify(value, { relaxed: false });

/** Objects put such names in another place, or take them for something else, when they are read back. */
const isTreacherous = (name: string): boolean => /^\d+$|^\$|^__proto__$/.test(name);

function documentText(fields: ReadonlyMap<unknown, unknown>): string | null {
  const parts: string[] = [];
  for (const [name, value] of fields) {
    const text = spelling(value);
    if (text === null || isTreacherous(String(name))) return null;
    parts.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${parts.join(',')}}`;
}

function listText(items: readonly unknown[]): string | null {
  const parts = items.map(spelling);
  return parts.includes(null) ? null : `[${parts.join(',')}]`;
}
