import { connectionsSchema } from './connections-schema.ts';
import { jsonOrProblem } from './json-or-problem.ts';
import type { Route } from './route.ts';

/** They are only looked at here: a URL with its password does not go over HTTP in either direction. */
export const connections: Route = {
  path: '/api/v1/connections',
  summary: 'Stored connections: where each leads, which key sealed it, who uses it; never a secret.',
  answers: jsonOrProblem('As `lockstep connections list --json` has it.', connectionsSchema),
  async answer(context, parts) {
    return context.json(await parts.engine.connections.list({ signal: context.req.raw.signal }));
  },
};
