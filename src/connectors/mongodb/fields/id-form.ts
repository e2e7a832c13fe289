import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { Key } from '../../../protocol/names.ts';
import { decodeValue, isUuid, uuidAt } from '../bson/id-value.ts';
import { bsonTypes, type Element, hexText } from '../bson/layout.ts';
import { idOfKey, insideOther, keyOfId, otherKey } from '../key.ts';
import { numberText } from '../key-number.ts';
import { NotStorable } from './encode.ts';
import { encoderOf } from './types.ts';

/** How the keys of a collection are spelled, where that is not for itself to say: each key stands for one `_id`, and back. */
export interface IdForm {
  keyOf(id: Element): Key;
  /** As the driver takes them: ids that have this key. */
  idsOf(key: Key): readonly unknown[];
}

/** As the collection itself spells them. */
export const plainIds: IdForm = {
  keyOf: keyOfId,
  idsOf: (key) => (insideOther(key) === null ? [idOfKey(key)] : []),
};

/** How another side spells a key that is one text. */
export interface KeyText {
  spell(text: string): Key;
  /** Null: it is no such key. */
  read(key: Key): string | null;
}

/** A string as `_id` at another MongoDB deployment. */
export const stringKey: KeyText = {
  spell: (text) => JSON.stringify(text),
  read: (key) => textIn(key),
};

/** A key of one column at PostgreSQL. */
export const columnKey: KeyText = {
  spell: (text) => JSON.stringify([text]),
  read: (key) => (key.startsWith('[') && key.endsWith(']') ? textIn(key.slice(1, -1)) : null),
};

function textIn(json: string): string | null {
  if (!json.startsWith('"')) return null;
  const parsed: unknown = JSON.parse(json);
  return typeof parsed === 'string' ? parsed : null;
}

/** The text of an id of a type; null: it is of another one. */
type TextOf = (id: Element) => string | null;

/** By value: what fits into 32 bits is spelled as an Int32, whatever holds it. */
const integerText =
  (spelled: RegExp): TextOf =>
  (id) =>
    spelled.exec(numberText(decodeValue(id)) ?? '')?.[1] ?? null;

/** Types in which an id can be stored whose key is a text: there and back without loss. */
const textOf: ReadonlyMap<string, TextOf> = new Map<string, TextOf>([
  ['string', (id) => (id.type === bsonTypes.string ? String(decodeValue(id)) : null)],
  ['uuid', ({ type, value }) => (type === bsonTypes.binary && isUuid(value) ? uuidText(value) : null)],
  ['objectId', ({ type, value }) => (type === bsonTypes.objectId ? hexText(value) : null)],
  ['int', integerText(/^\{"\$numberInt":"(-?\d+)"\}$/)],
  ['long', integerText(/^\{"\$number(?:Int|Long)":"(-?\d+)"\}$/)],
]);

export const idTypes: readonly string[] = [...textOf.keys()];

function uuidText(binary: Uint8Array): string {
  const hex = hexText(binary).slice(uuidAt * 2);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * Ids of one type for keys that are texts. An id of another type is nobody's key at the other side, and is spelled so that it never meets
 * one.
 */
export function typedIds(type: string, text: KeyText): IdForm {
  const toText = textOf.get(type);
  if (toText === undefined) throw new LockstepError('internal', { detail: `no id is kept as ${type}` });
  const encode = encoderOf(type);
  const keyOf: IdForm['keyOf'] = (id) => {
    const found = toText(id);
    return found === null ? otherKey(id) : text.spell(found);
  };
  return {
    keyOf,
    idsOf: (key) => {
      const inside = insideOther(key);
      if (inside !== null) return [idOfKey(inside)];
      const read = text.read(key);
      const id = read === null ? null : idOfText(read, encode);
      // 007 is not the key of 7.
      return id === null || keyOf(id) !== key ? [] : [decodeValue(id)];
    },
  };
}

/** Null: no id of the type has such a text. */
function idOfText(text: string, encode: ReturnType<typeof encoderOf>): Element | null {
  try {
    return { ...encode(text), name: '_id' };
  } catch (thrown) {
    if (thrown instanceof NotStorable) return null;
    throw thrown;
  }
}
