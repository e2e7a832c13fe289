import { z } from 'zod';
import { generationInvalid } from '../../../service/http-failures.ts';
import { jsonOrProblem } from '../json-or-problem.ts';
import type { Route } from '../route.ts';
import { generationSchema, generationsSchema } from './generations-schema.ts';
import { nothing, verbRoute } from './verb-route.ts';

export const generations: Route = {
  path: '/api/v1/pipelines/:name/generations',
  summary: 'What full runs found to differ and brought in, newest first. Asks the destination.',
  answers: jsonOrProblem('As `lockstep generations list --json` has it.', generationsSchema),
  async answer(context, { engine }) {
    const { signal } = context.req.raw;
    return context.json(await engine.generations(context.req.param('name') ?? '', { signal }));
  },
};

const answered = { description: 'The generation as it is now.', schema: generationSchema };

const promote = verbRoute({
  path: 'generations/:item/promote',
  summary:
    'Brings in a generation that a guard held, by its number, or `newest`. Rows that the destination refuses get dead letters: `letters` says how many.',
  body: nothing,
  ...answered,
  perform: (engine, { pipeline, item, signal }) =>
    engine.promoteGeneration(pipeline, { signal, generation: numberOrNewest(item) }),
});

const rollBack = verbRoute({
  path: 'generations/:item/rollback',
  summary:
    'Takes the newest promoted generation back, by its number, or `newest`, and pauses the pipeline. With `keepChanged` rows stay as they are that were changed since.',
  body: z.strictObject({ keepChanged: z.boolean().default(false) }),
  ...answered,
  perform: (engine, { pipeline, item, body, signal }) =>
    engine.rollBackGeneration(pipeline, { signal, generation: numberOrNewest(item), ...body }),
});

const discard = verbRoute({
  path: 'generations/:item/discard',
  summary: 'Drops what is kept of a generation, by its number.',
  body: nothing,
  ...answered,
  perform: (engine, { pipeline, item, signal }) =>
    engine.discardGeneration(pipeline, numberOf(item), { signal }),
});

export const generationVerbs: readonly Route[] = [generations, promote, rollBack, discard];

const numberOrNewest = (item: string): number | undefined => (item === 'newest' ? undefined : numberOf(item));

function numberOf(item: string): number {
  const number = Number(item);
  if (!/^\d+$/.test(item) || !Number.isSafeInteger(number)) throw generationInvalid(item);
  return number;
}
