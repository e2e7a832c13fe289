import { env, type LockstepConfig } from '../../src/index.ts';

/** The headline: default settings, changes from the server's own stream. */
export default {
  store: { path: env('BENCH_STORE') },
  pipelines: {
    bench: {
      mode: 'live',
      source: { connector: 'postgres', url: env('BENCH_SOURCE') },
      destination: { connector: 'postgres', url: env('BENCH_TARGET') },
      collections: ['public.*'],
    },
  },
} satisfies LockstepConfig;
