import { z } from 'zod';
import { schemas } from '../../src/protocol/schemas/schemas.ts';

/** Throws, with the path, where something is not what the protocol's word means. */
export function wellFormed(word: keyof typeof schemas, ...values: readonly unknown[]): void {
  const schema: z.ZodType = schemas[word];
  for (const value of values) {
    const { error } = schema.safeParse(value);
    if (error !== undefined) throw new Error(`this is no ${word}: ${z.prettifyError(error)}`);
  }
}
