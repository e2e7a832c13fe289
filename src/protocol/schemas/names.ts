import { z } from 'zod';
import type { CollectionName, Cursor, Epoch, Fence, Key, PipelineName, Position, Shard } from '../names.ts';

/** A number that counts: fences, epochs, rows. */
export const count = z.int().nonnegative();
export const epochMs = z.number();

export const collectionNameSchema: z.ZodType<CollectionName> = z.string().min(1);
/** Used as a file name, in the destination's state and in metrics. */
export const pipelineNameSchema: z.ZodType<PipelineName> = z
  .string()
  .regex(/^[a-z0-9_-]{1,48}$/, 'must be 1 to 48 lower case letters, digits, `-` or `_`');

export const keySchema: z.ZodType<Key> = z.string().min(1);
export const positionSchema: z.ZodType<Position> = z.string().min(1);
export const cursorSchema: z.ZodType<Cursor> = z.string().min(1);
export const shardSchema: z.ZodType<Shard> = z.string().min(1);
export const epochSchema: z.ZodType<Epoch> = count;
export const fenceSchema: z.ZodType<Fence> = count;
