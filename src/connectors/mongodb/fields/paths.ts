import { bsonTypes, documentElement, documentOf, type Element, elementsOf } from '../bson/layout.ts';

/** The value at a path with dots, through documents; undefined: there is none. What is within arrays has no path here. */
export function elementAt(document: Uint8Array, path: string): Element | undefined {
  const dot = path.indexOf('.');
  const name = dot < 0 ? path : path.slice(0, dot);
  for (const element of elementsOf(document)) {
    if (element.name !== name) continue;
    if (dot < 0) return element;
    return element.type === bsonTypes.document ? elementAt(element.value, path.slice(dot + 1)) : undefined;
  }
  return undefined;
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
