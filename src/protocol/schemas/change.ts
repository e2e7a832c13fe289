import { z } from 'zod';
import type { BarrierEvent, Change, ChangeMeta, FeedChange, Gap, KeyMove, RowBacking } from '../change.ts';
import { collectionNameSchema, epochMs, keySchema, positionSchema, shardSchema } from './names.ts';
import { rowSchema } from './value.ts';

export const changeMetaSchema: z.ZodType<ChangeMeta> = z.strictObject({
  origin: z.string().nullable(),
  committedAtMs: epochMs.nullable(),
  version: z.string().nullable(),
  transaction: z.string().nullable(),
});

/** What else it holds is a matter between two connectors. */
export const rowBackingSchema: z.ZodType<RowBacking> = z.custom<RowBacking>(
  (backing) => typeof backing === 'object' && backing !== null && 'layout' in backing,
  'does not say its layout',
);

const meta = changeMetaSchema.exactOptional();

export const changeSchema: z.ZodType<Change> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('upsert'),
    key: keySchema,
    row: rowSchema,
    isNew: z.boolean().exactOptional(),
    isThere: z.boolean().exactOptional(),
    backing: rowBackingSchema.optional(),
    meta,
  }),
  z.strictObject({ kind: z.literal('patch'), key: keySchema, row: rowSchema, meta }),
  z.strictObject({ kind: z.literal('leave'), key: keySchema, meta }),
]);

const collection = z.string().min(1);

export const feedChangeSchema: z.ZodType<FeedChange> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.enum(['insert', 'update']),
    collection,
    key: keySchema,
    row: rowSchema,
    complete: z.boolean(),
    backing: rowBackingSchema.optional(),
    previousKey: keySchema.exactOptional(),
    meta: changeMetaSchema,
  }),
  z.strictObject({ kind: z.literal('delete'), collection, key: keySchema, meta: changeMetaSchema }),
  z.strictObject({
    kind: z.literal('touch'),
    collection,
    key: keySchema,
    previousKey: keySchema.exactOptional(),
    gone: z.literal(true).exactOptional(),
    meta: changeMetaSchema,
  }),
]);

export const keyMoveSchema: z.ZodType<KeyMove> = z.strictObject({
  from: keySchema,
  to: keySchema,
  displaces: z.boolean(),
});

export const barrierEventSchema: z.ZodType<BarrierEvent> = z.strictObject({
  kind: z.enum(['truncate', 'drop', 'rename', 'shape', 'compare']),
  operation: z.string().exactOptional(),
  source: collectionNameSchema,
  detail: z.string(),
});

export const gapSchema: z.ZodType<Gap> = z.strictObject({
  shard: shardSchema,
  from: positionSchema.nullable(),
  to: positionSchema.nullable(),
  reason: z.string().min(1),
});
