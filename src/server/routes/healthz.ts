import type { Route } from './route.ts';

export const healthz: Route = {
  path: '/healthz',
  summary: 'Whether the process is alive and moves; needs no token.',
  answers: {
    200: { description: 'It does.', type: 'application/json' },
    503: { description: 'A live pipeline has told nothing for a minute.', type: 'application/json' },
  },
  answer(context, { liveness }) {
    const stuck = liveness.stuck();
    return context.json({ ok: stuck.length === 0, stuck }, stuck.length === 0 ? 200 : 503);
  },
};
