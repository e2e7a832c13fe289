import { SecretText } from '../../protocol/secret.ts';
import type { Path } from './schema-tree.ts';

export type PlainObject = Readonly<Record<string, unknown>>;

/** An object made of keys and values, as opposed to an instance of a class. */
export function isPlainObject(value: unknown): value is PlainObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // The namespace of a module and an object of another realm have other prototypes than ours.
  return prototype === null || (!(value instanceof SecretText) && !(value instanceof Date));
}

export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)];
    return isPlainObject(value) && Object.hasOwn(value, key) ? value[String(key)] : undefined;
  }, root);
}

/** What a value is, said without the value. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value instanceof SecretText || typeof value === 'string')
    return value === '' ? 'an empty text' : 'a text';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'undefined':
      return 'nothing';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'function':
      return 'a function';
    default:
      return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
  }
}
