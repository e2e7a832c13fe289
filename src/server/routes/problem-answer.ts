import type { Answer } from './route.ts';

const text = { type: 'string' };

/** RFC 9457. */
export const problemAnswer: Answer = {
  description: 'What went wrong, why, and what to do.',
  type: 'application/problem+json',
  schema: {
    type: 'object',
    required: ['type', 'title', 'status', 'code'],
    properties: { type: text, title: text, status: { type: 'integer' }, code: text, cause: text, cure: text },
  },
};
