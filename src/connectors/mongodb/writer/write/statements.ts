import { BSON, type Document } from 'mongodb';
import { idElement } from '../../bson/elements.ts';
import {
  arrayElement,
  bsonTypes,
  documentElement,
  documentOf,
  type Element,
  someElement,
} from '../../bson/layout.ts';
import type { Update } from '../../query.ts';

const int32 = (name: string, number: number): Element => {
  const value = Buffer.alloc(4);
  value.writeInt32LE(number);
  return { type: 0x10, name, value };
};

/**
 * The document with this id. By `$eq` only where the value could be taken for an operator: the server then plans a scan of the index, which
 * goes on past the id, over whatever was deleted behind it (each of 30,000 deletes towards the front took a millisecond).
 */
const oneOf = (id: Element): Element =>
  documentElement('q', documentOf([isAmbiguous(id) ? byOperator(id) : { ...id, name: '_id' }]));

const isAmbiguous = ({ type }: Element): boolean =>
  type === bsonTypes.document || type === bsonTypes.regularExpression;

const byOperator = (id: Element): Element => documentElement('_id', documentOf([{ ...id, name: '$eq' }]));

/** Of the command `delete`: the document with this id. */
export const deletion = (id: Element): Uint8Array => documentOf([oneOf(id), int32('limit', 1)]);

/** Of the command `update`: the document in place of the one with its id. */
export const replacement = (document: Uint8Array): Uint8Array =>
  documentOf([oneOf(idElement(document)), documentElement('u', document)]);

const yes = (name: string): Element => ({ type: 0x08, name, value: Uint8Array.of(1) });

/** Of the command `update`: the document in place of the one with its id, or as a new one. */
export const upsertion = (document: Uint8Array): Uint8Array =>
  documentOf([oneOf(idElement(document)), documentElement('u', document), yes('upsert')]);

/** The same through a pipeline, which takes what a replacement does not. */
export const literalReplacement = (document: Uint8Array): Uint8Array => {
  const stage = documentOf([
    documentElement('$replaceWith', documentOf([documentElement('$literal', document)])),
  ]);
  return documentOf([oneOf(idElement(document)), arrayElement('u', [documentElement('', stage)])]);
};

/** Of the command `insert`, and of `update` where that puts something else in the place of what the document has. */
export const insertion = (
  document: Uint8Array,
): { readonly insert: readonly Uint8Array[]; readonly update?: readonly Uint8Array[] } =>
  needsLiteral(document)
    ? { insert: [document], update: [literalReplacement(document)] }
    : { insert: [document] };

/** Of the command `update`: some fields of the document with this id; the others are left alone. */
export const fieldUpdate = (
  id: Element,
  { set, unset }: { readonly set: readonly Element[]; readonly unset: readonly string[] },
): Uint8Array => {
  const parts = [
    ...(set.length === 0 ? [] : [documentElement('$set', documentOf(set))]),
    ...(unset.length === 0 ? [] : [documentElement('$unset', documentOf(unset.map((path) => yes(path))))]),
  ];
  return documentOf([oneOf(id), documentElement('u', documentOf(parts))]);
};

/** Of the command `update`: what the configuration says, for the document with this id. */
export const givenUpdate = (id: Element, update: Update): Uint8Array =>
  documentOf([oneOf(id), given(update)]);

const given = (update: Update): Element =>
  Array.isArray(update)
    ? arrayElement(
        'u',
        update.map((stage: Document) => documentElement('', BSON.serialize(stage))),
      )
    : documentElement('u', BSON.serialize(update));

/**
 * Replacements must not have top-level names that begin with `$`; and the server puts its clock in the place of a top-level Timestamp(0, 0),
 * in inserts too.
 */
export const needsLiteral = (document: Uint8Array): boolean => needsLiteralAt(document, 0);

/** The same of a document that begins at `from`. */
export const needsLiteralAt = (bytes: Uint8Array, from: number): boolean =>
  someElement(
    bytes,
    (type, nameAt, valueAt) =>
      bytes[nameAt] === dollar ||
      (type === bsonTypes.timestamp && bytes.subarray(valueAt, valueAt + 8).every((byte) => byte === 0)),
    from,
  );

const dollar = 0x24;
