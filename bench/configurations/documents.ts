import { env, type LockstepConfig } from '../../src/index.ts';

/** The headline: default settings. */
export default {
  store: { path: env('BENCH_STORE') },
  pipelines: {
    bench: {
      source: { connector: 'mongodb', url: env('BENCH_SOURCE') },
      destination: { connector: 'mongodb', url: env('BENCH_TARGET') },
      collections: ['bench'],
      create: true,
    },
  },
} satisfies LockstepConfig;
