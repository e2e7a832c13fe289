import { z } from 'zod';
import type { Route } from '../route.ts';
import { checkSchema, planSchema, runSchema, verifySchema } from './passes-schema.ts';
import { nothing, verbRoute } from './verb-route.ts';

const check = verbRoute({
  path: 'check',
  summary: 'What would go wrong; changes nothing.',
  body: nothing,
  description: 'Findings with their cures.',
  schema: checkSchema,
  async perform(engine, { pipeline, signal }) {
    const [result] = await engine.check(pipeline, { signal });
    return result ?? {};
  },
});

const plan = verbRoute({
  path: 'plan',
  summary: 'What a run would do, with sample keys; changes nothing.',
  body: nothing,
  description: 'Counts and statements.',
  schema: planSchema,
  perform: (engine, { pipeline, signal }) => engine.plan(pipeline, { signal }),
});

const run = verbRoute({
  path: 'run',
  summary:
    'Brings the destination in step now, and answers when it is. Whoever asked and leaves stops it: it drains, saves, and goes on with the next run. `compare`: both sides as a whole, where its mode would not.',
  body: z.strictObject({ compare: z.boolean().default(false) }),
  description: 'What came of it: `pending` are dead letters and held rows, `failed` some collections.',
  schema: runSchema,
  perform: (engine, { pipeline, body, signal }) => engine.run(pipeline, { signal, ...body }),
});

const verify = verbRoute({
  path: 'verify',
  summary: 'Compares both sides; with `repair` writes what differs, and nothing else.',
  body: z.strictObject({ repair: z.boolean().default(false) }),
  description: 'What differs, with sample keys.',
  schema: verifySchema,
  perform: (engine, { pipeline, body, signal }) => engine.verify(pipeline, { signal, ...body }),
});

export const passVerbs: readonly Route[] = [check, plan, run, verify];
