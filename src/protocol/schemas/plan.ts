import { z } from 'zod';
import type { Leaving, MappedColumn, Scope } from '../mapping.ts';

const expressions = z.record(z.string(), z.string());

export const scopeSchema: z.ZodType<Scope> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all') }),
  z.strictObject({ kind: z.literal('where'), predicate: z.string().min(1) }),
  z.strictObject({ kind: z.literal('owned'), adopt: z.string().min(1).exactOptional() }),
]);

export const leavingSchema: z.ZodType<Leaving> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('delete') }),
  z.strictObject({
    kind: z.literal('mark'),
    set: expressions,
    marked: z.string().min(1),
    clear: expressions,
  }),
  z.strictObject({
    kind: z.literal('custom'),
    statement: z.string().min(1),
    absent: z.string().min(1),
    clear: expressions.exactOptional(),
  }),
  z.strictObject({ kind: z.literal('keep') }),
]);

export const mappedColumnSchema: z.ZodType<MappedColumn> = z.strictObject({
  target: z.string(),
  from: z.union([
    z.strictObject({ column: z.string() }),
    z.strictObject({ expression: z.string() }),
    z.strictObject({ mapped: z.literal(true) }),
  ]),
  type: z.string().nullable(),
  onInsert: z.literal(true).exactOptional(),
});
