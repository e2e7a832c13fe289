import { z } from 'zod';
import type { GenerationCollection, GenerationRecord, GenerationState } from '../generation.ts';
import { collectionNameSchema, count, epochMs, positionSchema, shardSchema } from './names.ts';

export const generationStateSchema: z.ZodType<GenerationState> = z.enum([
  'staging',
  'staged',
  'promoted',
  'rolled-back',
  'discarded',
]);

export const generationCollectionSchema: z.ZodType<GenerationCollection> = z.strictObject({
  collection: collectionNameSchema,
  by: z.enum(['staged', 'swap']),
  lockedMs: z.number().nullable(),
  rows: count,
  leaving: count,
  inserted: count.nullable(),
  updated: count.nullable(),
  left: count.nullable(),
});

export const generationRecordSchema: z.ZodType<GenerationRecord> = z.strictObject({
  id: count,
  state: generationStateSchema,
  readAtMs: epochMs,
  promotedAtMs: epochMs.nullable(),
  rolledBackAtMs: epochMs.nullable(),
  held: z.string().nullable(),
  positions: z.record(shardSchema as z.ZodType<string, string>, positionSchema).nullable(),
  collections: z.array(generationCollectionSchema),
  canRollBack: z.boolean(),
});
