import { z } from 'zod';
import type { CollectionName, Cursor, Epoch, Fence, Key, PipelineName, Position, Shard } from '../names.ts';

/** A number that counts: fences, epochs, rows. */
export const count = z.int().nonnegative();
export const epochMs = z.number();

export const collectionNameSchema: z.ZodType<CollectionName> = z.string().min(1);
export const pipelineNameSchema: z.ZodType<PipelineName> = z.string().regex(/^[a-z0-9_-]{1,48}$/);
export const keySchema: z.ZodType<Key> = z.string().min(1);
export const positionSchema: z.ZodType<Position> = z.string().min(1);
export const cursorSchema: z.ZodType<Cursor> = z.string().min(1);
export const shardSchema: z.ZodType<Shard> = z.string().min(1);
export const epochSchema: z.ZodType<Epoch> = count;
export const fenceSchema: z.ZodType<Fence> = count;
