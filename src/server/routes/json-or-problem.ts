import { problemAnswer } from './problem-answer.ts';
import type { Route } from './route.ts';
import type { Schema } from './schemas.ts';

/** What a path answers: this, or what went wrong. */
export const jsonOrProblem = (description: string, schema: Schema): Route['answers'] => ({
  200: { description, type: 'application/json', schema },
  default: problemAnswer,
});
