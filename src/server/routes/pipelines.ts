import { jsonOrProblem } from './json-or-problem.ts';
import type { Route } from './route.ts';
import { list, object } from './schemas.ts';
import { statusSchema } from './status-schema.ts';

export const pipelines: Route = {
  path: '/api/v1/pipelines',
  summary: 'How all pipelines of the configuration are.',
  answers: jsonOrProblem(
    'A list of statuses, as `lockstep status --json` has them.',
    object({ pipelines: list(statusSchema) }),
  ),
  async answer(context, { statuses }) {
    return context.json({ pipelines: await statuses.read(undefined, context.req.raw.signal) });
  },
};
