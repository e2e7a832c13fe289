import type { z } from 'zod';

/** Short ways to write JSON Schema. */
export type Schema = z.core.JSONSchema.BaseSchema;

export const text: Schema = { type: 'string' };
export const number: Schema = { type: 'number' };
export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
export const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});
export const list = (items: Schema): Schema => ({ type: 'array', items });
export const one = (...words: readonly string[]): Schema => ({ enum: [...words] });
