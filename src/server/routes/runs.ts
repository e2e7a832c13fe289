import { limitInvalid } from '../../service/http-failures.ts';
import { jsonOrProblem } from './json-or-problem.ts';
import type { Route } from './route.ts';
import { runsSchema } from './status-schema.ts';

const mostRuns = 1_000;

export const runs: Route = {
  path: '/api/v1/pipelines/:name/runs',
  summary:
    'Its newest runs, newest first: why, when, how long, what came of them. `limit`: 100 unless told otherwise, at most 1000.',
  answers: jsonOrProblem('Its runs.', runsSchema),
  async answer(context, { engine }) {
    const limit = Number(context.req.query('limit') ?? 100);
    if (!Number.isInteger(limit) || limit < 1 || limit > mostRuns) throw limitInvalid(mostRuns);
    const { signal } = context.req.raw;
    return context.json(await engine.runs(context.req.param('name') ?? '', { signal, limit }));
  },
};
