import { problemAnswer } from './problem-answer.ts';
import type { Route } from './route.ts';
import { statusSchema } from './status-schema.ts';

export const pipeline: Route = {
  path: '/api/v1/pipelines/:name',
  summary: 'How one pipeline is.',
  answers: {
    200: { description: 'Its status.', type: 'application/json', schema: statusSchema },
    default: problemAnswer,
  },
  async answer(context, { statuses }) {
    const name = context.req.param('name') ?? '';
    const [status] = await statuses.read(name, context.req.raw.signal);
    return context.json(status);
  },
};
