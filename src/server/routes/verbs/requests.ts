import { z } from 'zod';
import type { Route } from '../route.ts';
import { flag, number, object, one, type Schema, text } from '../schemas.ts';
import { verbRoute } from './verb-route.ts';

/** Asking is answered at once, and `requests` of the status says what becomes of it; with `wait` when it has ended. */
export const waiting = z.boolean().default(false);

/** `RequestResult` as JSON Schema. */
export const requestSchema: Schema = object({
  pipeline: text,
  id: number,
  kind: one('resync', 'compare', 'replay', 'discard'),
  state: one('waiting', 'running', 'done'),
  engineRuns: flag,
  result: {},
});

const answered = { description: 'The request, as far as it was waited for.', schema: requestSchema };

const resync = verbRoute({
  path: 'resync',
  summary: 'Brings `collections` (default: all) of a live pipeline in step anew, beside the stream.',
  body: z.strictObject({ collections: z.array(z.string().min(1)).min(1).optional(), wait: waiting }),
  ...answered,
  perform: (engine, { pipeline, body, signal }) => engine.resync(pipeline, { signal, ...body }),
});

const repair = verbRoute({
  path: 'repair',
  summary: 'Asks the engine of a live pipeline to compare both sides and to write what differs.',
  body: z.strictObject({ wait: waiting }),
  ...answered,
  perform: (engine, { pipeline, body, signal }) => engine.askRepair(pipeline, { signal, ...body }),
});

export const requestVerbs: readonly Route[] = [resync, repair];
