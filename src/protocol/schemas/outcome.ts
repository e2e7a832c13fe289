import { z } from 'zod';
import { LockstepError } from '../errors/lockstep-error.ts';
import type { Outcome, WriteCounts } from '../outcome.ts';
import { count } from './names.ts';

export const outcomeSchema: z.ZodType<Outcome> = z.union([
  z.strictObject({
    kind: z.enum(['inserted', 'updated', 'left', 'unchanged', 'stale', 'clash', 'conflict']),
  }),
  z.strictObject({ kind: z.literal('failed'), error: z.instanceof(LockstepError) }),
]);

export const writeCountsSchema: z.ZodType<WriteCounts> = z.strictObject({
  inserted: count,
  updated: count,
  unchanged: count,
  clashes: count,
});
