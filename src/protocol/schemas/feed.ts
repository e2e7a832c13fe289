import { z } from 'zod';
import type { FeedItem } from '../feed.ts';
import { barrierEventSchema, feedChangeSchema, gapSchema } from './change.ts';
import { epochMs, epochSchema, positionSchema, shardSchema } from './names.ts';

const names = z.array(z.string().min(1));

export const feedItemSchema: z.ZodType<FeedItem> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('batch'),
    shard: shardSchema,
    epoch: epochSchema,
    changes: z.array(feedChangeSchema),
    boundary: positionSchema.nullable(),
    committedAtMs: epochMs.nullable(),
    bytes: z.number().nonnegative(),
  }),
  z.strictObject({
    kind: z.literal('barrier'),
    shard: shardSchema,
    collections: names,
    event: barrierEventSchema,
    boundary: positionSchema.nullable(),
  }),
  z.strictObject({ kind: z.literal('gap'), gap: gapSchema, collections: names.nullable() }),
  z.strictObject({ kind: z.literal('revoked'), shard: shardSchema, epoch: epochSchema }),
]);
