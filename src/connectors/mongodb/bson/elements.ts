import { ElementScan, type FieldName, fieldName } from './element-scan.ts';
import type { Element } from './layout.ts';

/** The elements of a document, in their order. */
export function elementsOf(document: Uint8Array): readonly Element[] {
  const scan = new ElementScan(document);
  const elements: Element[] = [];
  while (scan.next()) elements.push(scan.element);
  return elements;
}

/** The element of that name; undefined: there is none. */
export function elementNamed(document: Uint8Array, name: FieldName): Element | undefined {
  const scan = new ElementScan(document);
  while (scan.next()) if (scan.isNamed(name)) return scan.element;
  return undefined;
}

const idName = fieldName('_id');

/** MongoDB keeps `_id` first. */
export function idElement(document: Uint8Array): Element {
  const id = elementNamed(document, idName);
  if (id === undefined) throw new RangeError('the document has no _id');
  return id;
}
