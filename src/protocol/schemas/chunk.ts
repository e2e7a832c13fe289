import { z } from 'zod';
import type { Chunk, Format, RefusedRow } from '../chunk.ts';
import { LockstepError } from '../errors/lockstep-error.ts';
import { count } from './names.ts';
import { rowSchema } from './value.ts';

export const formatSchema: z.ZodType<Format> = z.enum(['pg-copy', 'bson', 'rows']);

const bytes = z.instanceof(Uint8Array);

export const refusedRowSchema: z.ZodType<RefusedRow> = z.strictObject({
  row: rowSchema,
  error: z.instanceof(LockstepError),
});

export const chunkSchema: z.ZodType<Chunk> = z.discriminatedUnion('format', [
  z.strictObject({
    format: z.literal('rows'),
    rows: z.array(rowSchema),
    backing: z
      .strictObject({ layout: z.string().min(1), originals: z.array(rowSchema), content: z.unknown() })
      .nullable(),
    refused: z.array(refusedRowSchema).exactOptional(),
  }),
  z.strictObject({
    format: z.literal('pg-copy'),
    encoding: z.enum(['binary', 'text']),
    bytes,
    rowCount: count,
    release: z.custom<() => void>((value) => typeof value === 'function').exactOptional(),
  }),
  z.strictObject({ format: z.literal('bson'), bytes, rowCount: count }),
]);
