import type { Context } from 'hono';
import { z } from 'zod';
import { bodyInvalid } from '../../../service/http-failures.ts';
import { jsonOrProblem } from '../json-or-problem.ts';
import type { Route, RouteEngine } from '../route.ts';
import type { Schema } from '../schemas.ts';

export interface Asked<Body> {
  readonly pipeline: string;
  /** The second name in the path, where it has one. */
  readonly item: string;
  readonly body: Body;
  /** Aborts when whoever asked leaves, or the server closes. */
  readonly signal: AbortSignal;
}

/** A verb of one pipeline over HTTP; it answers what the command line prints with `--json`. */
export interface Verb<Body> {
  /** Below `/api/v1/pipelines/NAME/`. */
  readonly path: string;
  readonly summary: string;
  /** What the body may say; none counts as `{}`. */
  readonly body: z.ZodType<Body>;
  /** What is answered. */
  readonly description: string;
  readonly schema: Schema;
  perform(engine: RouteEngine, asked: Asked<Body>): Promise<object>;
}

export const nothing = z.strictObject({});

export function verbRoute<Body>(verb: Verb<Body>): Route {
  const { path, summary, description, schema } = verb;
  return {
    method: 'post',
    path: `/api/v1/pipelines/:name/${path}`,
    summary,
    body: z.toJSONSchema(verb.body, { io: 'input' }),
    answers: jsonOrProblem(description, schema),
    async answer(context, { engine }) {
      const pipeline = context.req.param('name') ?? '';
      const item = context.req.param('item') ?? '';
      const body = await readBody(verb.body, context);
      return context.json(
        await verb.perform(engine, { pipeline, item, body, signal: context.req.raw.signal }),
      );
    },
  };
}

/** What a misspelt word was meant to say would be done otherwise than meant: refused. */
async function readBody<Body>(schema: z.ZodType<Body>, context: Context): Promise<Body> {
  const parsed = schema.safeParse(parseJson(await context.req.text()));
  if (parsed.success) return parsed.data;
  throw bodyInvalid(
    parsed.error.issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': ')),
  );
}

function parseJson(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    throw bodyInvalid(['it is not JSON']);
  }
}
