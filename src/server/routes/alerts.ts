import { alertsSchema, testedSchema } from './alerts-schema.ts';
import { jsonOrProblem } from './json-or-problem.ts';
import type { Route } from './route.ts';

export const alerts: Route = {
  path: '/api/v1/alerts',
  summary: 'Alerts that fire or are about to, and messages that targets have not taken yet.',
  answers: jsonOrProblem('One entry per pipeline, as `lockstep alerts list --json` has them.', alertsSchema),
  async answer(context, { engine }) {
    return context.json({ pipelines: await engine.alerts(undefined, { signal: context.req.raw.signal }) });
  },
};

export const testAlerts: Route = {
  method: 'post',
  path: '/api/v1/alerts/test',
  summary: 'Sends a marked message to every target and says what came of it.',
  answers: jsonOrProblem('One entry per target.', testedSchema),
  async answer(context, { engine }) {
    return context.json({ targets: await engine.testAlerts(undefined, { signal: context.req.raw.signal }) });
  },
};
