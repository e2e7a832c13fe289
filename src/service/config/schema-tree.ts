import { z } from 'zod';

/**
 * Looking into a schema: what may stand at a path, and which keys are known there. Used to resolve references by what is
 * wanted at their place, to name allowed keys in faults, and to prove that every key is documented.
 */
export type Path = readonly PropertyKey[];

/** The schemas that a value at `path` may have to satisfy; several where the way leads through unions. */
export function schemasAt(root: z.core.$ZodType, path: Path): readonly z.core.$ZodType[] {
  return path.reduce<readonly z.core.$ZodType[]>(
    (schemas, key) =>
      schemas.flatMap((schema) => alternatives(schema).flatMap((plain) => childOf(plain, key))),
    [root],
  );
}

/** The keys that an object at `path` may have; empty where any key may stand, or none. */
export function keysAt(root: z.core.$ZodType, path: Path): readonly string[] {
  const keys = schemasAt(root, path).flatMap((schema) => alternatives(schema).flatMap(keysOf));
  return [...new Set(keys)];
}

/** The keys by which the objects of a union at `path` are told apart: needed by some and unknown to others, or listed values (`kind`). */
export function tellingKeysAt(root: z.core.$ZodType, path: Path): readonly string[] {
  const objects = schemasAt(root, path)
    .flatMap(alternatives)
    .filter((schema) => schema instanceof z.ZodObject);
  const tells = (key: string, child: z.core.$ZodType) =>
    child instanceof z.ZodLiteral ||
    (!mayBeMissing(child) && objects.some((other) => !Object.hasOwn(other.shape, key)));
  const keys = objects.flatMap(({ shape }) =>
    Object.entries(shape).flatMap(([key, child]) => (tells(key, child) ? [key] : [])),
  );
  return objects.length < 2 ? [] : [...new Set(keys)];
}

const mayBeMissing = (schema: z.core.$ZodType): boolean =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;

/** The values that may stand at `path`, as far as they are listed. */
export function literalsAt(root: z.core.$ZodType, path: Path): readonly (string | number | boolean)[] {
  const values = schemasAt(root, path).flatMap((schema) =>
    alternatives(schema).flatMap((plain) => (plain instanceof z.ZodLiteral ? [...plain.values] : [])),
  );
  return [...new Set(values)].filter(
    (value) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean',
  );
}

/** Every key of every object in the schema, as dotted paths; `*` for the keys of records and entries of arrays. */
export function keyPaths(schema: z.core.$ZodType, prefix = ''): readonly string[] {
  return [...new Set(alternatives(schema).flatMap((plain) => pathsBelow(plain, prefix)))];
}

function pathsBelow(schema: z.core.$ZodType, prefix: string): readonly string[] {
  const below = (key: string, child: z.core.$ZodType) =>
    keyPaths(child, prefix === '' ? key : `${prefix}.${key}`);
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([key, child]) => [
      prefix === '' ? key : `${prefix}.${key}`,
      ...below(key, child),
    ]);
  }
  if (schema instanceof z.ZodRecord) return below('*', schema.valueType);
  if (schema instanceof z.ZodArray) return below('*', schema.element);
  return [];
}

/** A schema with its wrappers taken off; several for a union. */
function alternatives(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(alternatives);
  if (schema instanceof z.ZodPipe) return alternatives(schema.in);
  const isWrapper =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly;
  return isWrapper ? alternatives(schema.unwrap()) : [schema];
}

function childOf(schema: z.core.$ZodType, key: PropertyKey): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) {
    const child: z.core.$ZodType | undefined = Object.hasOwn(schema.shape, key)
      ? schema.shape[String(key)]
      : undefined;
    return child === undefined ? [] : [child];
  }
  if (schema instanceof z.ZodRecord) return typeof key === 'string' ? [schema.valueType] : [];
  if (schema instanceof z.ZodArray) return typeof key === 'number' ? [schema.element] : [];
  return [];
}

const keysOf = (schema: z.core.$ZodType): readonly string[] =>
  schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
