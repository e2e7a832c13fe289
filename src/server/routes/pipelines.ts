import { problemAnswer } from './problem-answer.ts';
import type { Route } from './route.ts';
import { statusSchema } from './status-schema.ts';

export const pipelines: Route = {
  path: '/api/v1/pipelines',
  summary: 'How all pipelines of the configuration are.',
  answers: {
    200: {
      description: 'A list of statuses, as `lockstep status --json` has them.',
      type: 'application/json',
      schema: {
        type: 'object',
        required: ['pipelines'],
        properties: { pipelines: { type: 'array', items: statusSchema } },
      },
    },
    default: problemAnswer,
  },
  async answer(context, { statuses }) {
    return context.json({ pipelines: await statuses.read(undefined, context.req.raw.signal) });
  },
};
