import { BSON } from 'mongodb';
import { bsonTypes, documentOf, type Element, elementsOf } from './layout.ts';

/** Keeps every type as it is: an Int32 stays one, and a regular expression keeps its flags. */
export const keepingTypes = {
  promoteValues: false,
  promoteLongs: false,
  promoteBuffers: false,
  bsonRegExp: true,
} as const;

/** A value as the driver takes it. Documents are maps, which keep the order of their fields: objects put names that look like numbers first. */
export function decodeValue(element: Element): unknown {
  if (element.type === bsonTypes.document)
    return new Map([...elementsOf(element.value)].map((inner) => [inner.name, decodeValue(inner)]));
  if (element.type === bsonTypes.array) return [...elementsOf(element.value)].map(decodeValue);
  return BSON.deserialize(documentOf([{ ...element, name: 'value' }]), keepingTypes)['value'];
}
