import { ElementScan, type FieldName, fieldName } from '../bson/element-scan.ts';
import { bsonTypes, documentElement, documentOf, type Element } from '../bson/layout.ts';

/** The steps of a path, as they stand in documents. Paths come from configurations, so there are few. */
const parsed = new Map<string, readonly FieldName[]>();

function stepsOf(path: string): readonly FieldName[] {
  const known = parsed.get(path);
  if (known !== undefined) return known;
  const steps = path.split('.').map(fieldName);
  parsed.set(path, steps);
  return steps;
}

/** The value at a path with dots, through documents; undefined: there is none. What is within arrays has no path here. */
export function elementAt(document: Uint8Array, path: string): Element | undefined {
  let scan = new ElementScan(document);
  const steps = stepsOf(path);
  for (const [depth, step] of steps.entries()) {
    if (!findIn(scan, step)) return undefined;
    if (depth === steps.length - 1) return scan.element;
    if (scan.type !== bsonTypes.document) return undefined;
    scan = new ElementScan(document, scan.valueAt);
  }
  return undefined;
}

function findIn(scan: ElementScan, name: FieldName): boolean {
  while (scan.next()) if (scan.isNamed(name)) return true;
  return false;
}

/** A document with these values, whose names are paths, each in its place. */
export function documentOfPaths(elements: readonly Element[]): Uint8Array {
  const groups = Map.groupBy(elements, ({ name }) => name.split('.', 1)[0] ?? name);
  const nested = [...groups].flatMap(([name, group]) => {
    const whole = group.find((element) => element.name === name);
    if (whole !== undefined) return [whole];
    const inner = group.map((element) => ({ ...element, name: element.name.slice(name.length + 1) }));
    return [documentElement(name, documentOfPaths(inner))];
  });
  return documentOf(nested);
}

/** Of paths those that are not part of another one. */
export const outermost = (paths: readonly string[]): readonly string[] => {
  const all = new Set(paths);
  return [...all].filter((path) => !prefixesOf(path).some((prefix) => all.has(prefix)));
};

function prefixesOf(path: string): readonly string[] {
  const parts = path.split('.');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.'));
}
