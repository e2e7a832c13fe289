import { connectionsSchema } from './connections-schema.ts';
import { problemAnswer } from './problem-answer.ts';
import type { Route } from './route.ts';

/** They are only looked at here: a URL with its password does not go over HTTP in either direction. */
export const connections: Route = {
  path: '/api/v1/connections',
  summary: 'Stored connections: where each leads, which key sealed it, who uses it; never a secret.',
  answers: {
    200: {
      description: 'As `lockstep connections list --json` has it.',
      type: 'application/json',
      schema: connectionsSchema,
    },
    default: problemAnswer,
  },
  async answer(context, parts) {
    return context.json(await parts.engine.connections.list({ signal: context.req.raw.signal }));
  },
};
