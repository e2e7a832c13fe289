import { z } from 'zod';
import { afterInvalid, limitInvalid } from '../../../service/http-failures.ts';
import { problemAnswer } from '../problem-answer.ts';
import type { Route } from '../route.ts';
import { list, number, object, one, orNull, text } from '../schemas.ts';
import { requestSchema, waiting } from './requests.ts';
import { verbRoute } from './verb-route.ts';

const mostLetters = 1_000;

const letter = object({
  id: number,
  collection: text,
  key: text,
  code: text,
  message: text,
  state: one('parked', 'deferred'),
  attempts: number,
  firstFailedAtMs: number,
  lastFailedAtMs: number,
});

/** Keys and codes; rows are shown by the command line alone. */
export const letters: Route = {
  path: '/api/v1/pipelines/:name/dead-letters',
  summary:
    'Keys whose newest change can’t be applied, by number. `limit`: 100 unless told otherwise, at most 1000; `after`: goes on after this number; `collection`: only of this one.',
  answers: {
    200: {
      description: 'A page; `next` is what `after` takes for the one that follows, null: that were all.',
      type: 'application/json',
      schema: object({ pipeline: text, letters: list(letter), next: orNull(number) }),
    },
    default: problemAnswer,
  },
  async answer(context, { engine }) {
    const { signal } = context.req.raw;
    const limit = Number(context.req.query('limit') ?? 100);
    const afterId = Number(context.req.query('after') ?? 0);
    if (!Number.isInteger(limit) || limit < 1 || limit > mostLetters) throw limitInvalid(mostLetters);
    if (!Number.isSafeInteger(afterId) || afterId < 0) throw afterInvalid();
    const query = { limit, afterId, collection: context.req.query('collection') };
    return context.json(await engine.letters(context.req.param('name') ?? '', { signal, ...query }));
  },
};

/** All of them has to be said: an empty body is nobody's choice. */
const choice = z
  .strictObject({
    letters: z.array(z.int().positive()).min(1).optional(),
    collection: z.string().min(1).optional(),
    all: z.literal(true).optional(),
    wait: waiting,
  })
  .refine(
    ({ letters: ids, collection, all }) =>
      [ids, collection, all].filter((way) => way !== undefined).length === 1,
    'say either `letters` (numbers), or `collection`, or `"all": true`',
  );

type Choice = z.output<typeof choice>;

const chosen = ({ letters: ids, collection, wait }: Choice) => ({
  letters: ids ?? null,
  collection: collection ?? null,
  wait,
});

const replay = verbRoute({
  path: 'dead-letters/replay',
  summary: 'Lets the engine read the keys again and apply what it finds.',
  body: choice,
  description: 'The request, as far as it was waited for.',
  schema: requestSchema,
  perform: (engine, { pipeline, body, signal }) => engine.replay(pipeline, { signal, ...chosen(body) }),
});

const discard = verbRoute({
  path: 'dead-letters/discard',
  summary: 'Forgets letters and applies nothing.',
  body: choice,
  description: 'How many went, or the request to the engine that runs.',
  schema: object({ pipeline: text, discarded: orNull(number), request: orNull(requestSchema) }),
  perform: (engine, { pipeline, body, signal }) => engine.discard(pipeline, { signal, ...chosen(body) }),
});

export const letterVerbs: readonly Route[] = [letters, replay, discard];
