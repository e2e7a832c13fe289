import type { Route } from './route.ts';

export const readyz: Route = {
  path: '/readyz',
  summary: 'Whether every pipeline that this process runs was in step once and still flows.',
  answers: {
    200: { description: 'All are.', type: 'application/json' },
    503: { description: 'Some are not; the body says which and why.', type: 'application/json' },
  },
  answer(context, { readiness }) {
    const report = readiness.report();
    return context.json(report, report.ready ? 200 : 503);
  },
};
