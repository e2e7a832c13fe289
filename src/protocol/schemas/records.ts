import { z } from 'zod';
import {
  type CheckpointEntry,
  type DeadLetter,
  type GuardRecord,
  type Lease,
  type PipelineRequest,
  type RunRecord,
  requestKinds,
  type StoredConnection,
} from '../control-store.ts';
import { count, epochMs, fenceSchema, keySchema, pipelineNameSchema, positionSchema } from './names.ts';
import { errorCodeSchema } from './told.ts';
import { jsonSchema } from './value.ts';

const name = z.string().min(1);
const bytes = z.instanceof(Uint8Array);

export const leaseSchema: z.ZodType<Lease> = z.strictObject({
  pipeline: pipelineNameSchema,
  owner: name,
  fence: fenceSchema,
  expiresAtMs: epochMs,
});

export const checkpointEntrySchema: z.ZodType<CheckpointEntry> = z.strictObject({
  space: name,
  name,
  value: jsonSchema.optional() as z.ZodType<CheckpointEntry['value']>,
});

export const deadLetterSchema: z.ZodType<DeadLetter> = z.strictObject({
  id: count,
  pipeline: pipelineNameSchema,
  collection: name,
  key: keySchema,
  code: errorCodeSchema,
  message: z.string(),
  attempts: count,
  firstFailedAtMs: epochMs,
  lastFailedAtMs: epochMs,
  state: z.enum(['deferred', 'parked']),
  until: positionSchema.nullable(),
  sealed: bytes.nullable(),
});

export const guardRecordSchema: z.ZodType<GuardRecord> = z.strictObject({
  pipeline: pipelineNameSchema,
  collection: name,
  leaving: count,
  total: count,
  samples: z.array(keySchema),
  state: z.enum(['waiting', 'approved']),
  raisedAtMs: epochMs,
  approvedAtMs: epochMs.nullable(),
});

export const pipelineRequestSchema: z.ZodType<PipelineRequest> = z.strictObject({
  id: count,
  pipeline: pipelineNameSchema,
  kind: z.enum(requestKinds),
  detail: jsonSchema,
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  result: jsonSchema,
  askedAtMs: epochMs,
});

export const runRecordSchema: z.ZodType<RunRecord> = z.strictObject({
  id: count,
  pipeline: pipelineNameSchema,
  kind: z.enum(['run', 'verify', 'repair', 'live']),
  startedAtMs: epochMs,
  endedAtMs: epochMs.nullable(),
  result: z.enum(['running', 'equal', 'pending', 'differences', 'failed', 'interrupted']),
  summary: jsonSchema,
});

export const storedConnectionSchema: z.ZodType<StoredConnection> = z.strictObject({
  name,
  sealed: bytes,
  savedAtMs: epochMs,
});
