import type { z } from 'zod';

/** Short ways to write JSON Schema. */
export type Schema = z.core.JSONSchema.BaseSchema;

export const text: Schema = { type: 'string' };
export const number: Schema = { type: 'number' };
export const flag: Schema = { type: 'boolean' };
export const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
export const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
});
export const list = (items: Schema): Schema => ({ type: 'array', items });
export const one = (...words: readonly string[]): Schema => ({ enum: [...words] });

/** What a source keeps because of a pipeline. */
export const retained: Schema = object({
  bytes: orNull(number),
  limitBytes: orNull(number),
  reachesBackMs: orNull(number),
  waitingFor: list(text),
});
