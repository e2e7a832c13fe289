import type { Route } from './route.ts';

export const metrics: Route = {
  path: '/metrics',
  summary: 'Metrics in the text format of Prometheus.',
  answers: { 200: { description: 'All metrics.', type: 'text/plain' } },
  async answer(context, parts) {
    const text = await parts.metrics.text(context.req.raw.signal);
    return context.body(text, 200, { 'content-type': parts.metrics.contentType });
  },
};
