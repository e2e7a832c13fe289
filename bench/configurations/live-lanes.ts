import { defineConfig, env } from '../../src/index.ts';

/** The same with large windows written by two transactions at once. */
export default defineConfig({
  store: { path: env('BENCH_STORE') },
  pipelines: {
    bench: {
      mode: 'live',
      source: { connector: 'postgres', url: env('BENCH_SOURCE') },
      destination: { connector: 'postgres', url: env('BENCH_TARGET') },
      collections: ['public.*'],
      stream: { lanes: 2 },
    },
  },
});
