import { isStoredReference } from '../secrets/stored-reference.ts';
import type { Path } from './schema-tree.ts';
import { isPlainObject } from './values.ts';

/** Where a configuration refers to a stored connection. */
export interface StoredPlace {
  readonly name: string;
  readonly path: Path;
}

export function storedPlaces(value: unknown, path: Path = []): readonly StoredPlace[] {
  if (isStoredReference(value)) return [{ name: value.$stored, path }];
  if (Array.isArray(value))
    return value.flatMap((item: unknown, index) => storedPlaces(item, [...path, index]));
  if (!isPlainObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => storedPlaces(item, [...path, key]));
}

/** `pipelines.shop.source.url`: a URL is all that is stored of a connection. */
export const isUrlOfSide = ([root, , side, key, ...below]: Path): boolean =>
  root === 'pipelines' &&
  (side === 'source' || side === 'destination') &&
  key === 'url' &&
  below.length === 0;

/** Which pipelines refer to a connection, by its name. */
export function usesOf(places: readonly StoredPlace[]): ReadonlyMap<string, readonly string[]> {
  const byName = Map.groupBy(places, ({ name }) => name);
  const pipelinesOf = (of: readonly StoredPlace[]) => [...new Set(of.map(({ path }) => String(path[1])))];
  return new Map([...byName].map(([name, of]) => [name, pipelinesOf(of)]));
}
