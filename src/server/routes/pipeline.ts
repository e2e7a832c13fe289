import { jsonOrProblem } from './json-or-problem.ts';
import type { Route } from './route.ts';
import { statusSchema } from './status-schema.ts';

export const pipeline: Route = {
  path: '/api/v1/pipelines/:name',
  summary: 'How one pipeline is.',
  answers: jsonOrProblem('Its status.', statusSchema),
  async answer(context, { statuses }) {
    const name = context.req.param('name') ?? '';
    const [status] = await statuses.read(name, context.req.raw.signal);
    return context.json(status);
  },
};
