import { z } from 'zod';
import { type ErrorCode, isErrorCode } from '../errors/catalogue.ts';
import type { Finding } from '../finding.ts';
import { type Lag, pipelineStatuses, type StatusReport } from '../status.ts';
import { epochMs, pipelineNameSchema } from './names.ts';

export const errorCodeSchema: z.ZodType<ErrorCode> = z.custom<ErrorCode>(
  (code) => typeof code === 'string' && isErrorCode(code),
  'is no code of the catalogue',
);

export const findingSchema: z.ZodType<Finding> = z.strictObject({
  level: z.enum(['error', 'warning', 'info']),
  code: errorCodeSchema,
  subject: z.string().min(1),
  message: z.string().min(1),
  cure: z.string(),
  rowsOnly: z.literal(true).exactOptional(),
});

export const pipelineStatusSchema = z.enum(pipelineStatuses);

export const lagSchema: z.ZodType<Lag> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('inStep') }),
  z.strictObject({ kind: z.literal('behind'), milliseconds: z.number() }),
  z.strictObject({ kind: z.literal('unknown'), atLeastMs: z.number() }),
]);

export const statusReportSchema: z.ZodType<StatusReport> = z.strictObject({
  pipeline: pipelineNameSchema,
  status: pipelineStatusSchema,
  reason: z.string().min(1),
  sinceMs: epochMs,
  nextStep: z.string().min(1),
});
