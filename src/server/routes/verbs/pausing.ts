import { z } from 'zod';
import type { Route } from '../route.ts';
import { flag, list, number, object, orNull, retained, text } from '../schemas.ts';
import { verbRoute } from './verb-route.ts';

const pause = verbRoute({
  path: 'pause',
  summary: 'Stops the stream, or runs by a schedule, until it is resumed, over restarts too.',
  body: z.strictObject({ reason: z.string().max(1_000).optional() }),
  description: 'Since when and why, and what the source keeps meanwhile.',
  schema: object({
    pipeline: text,
    sinceMs: number,
    reason: text,
    wasPaused: flag,
    engineRuns: flag,
    retained: orNull(retained),
  }),
  perform: (engine, { pipeline, body, signal }) => engine.pause(pipeline, { signal, ...body }),
});

const resume = verbRoute({
  path: 'resume',
  summary: 'Lets a paused pipeline go on; after a rollback only with `yes`.',
  body: z.strictObject({ yes: z.boolean().default(false) }),
  description: 'Whether it had been paused.',
  schema: object({ pipeline: text, wasPaused: flag, engineRuns: flag }),
  perform: (engine, { pipeline, body, signal }) => engine.resume(pipeline, { signal, ...body }),
});

const approve = verbRoute({
  path: 'approve',
  summary: 'Lets what guards hold back leave with the next run: of one `collection`, or of all.',
  body: z.strictObject({ collection: z.string().min(1).optional() }),
  description: 'Collections whose guard waited.',
  schema: object({ pipeline: text, approved: list(text) }),
  perform: (engine, { pipeline, body, signal }) => engine.approve(pipeline, { signal, ...body }),
});

export const pausingVerbs: readonly Route[] = [pause, resume, approve];
