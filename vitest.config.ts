import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{src,test,tools,scripts,bench}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    // Tests wait a third of their time for servers, processes and clocks.
    maxWorkers: Math.min(4, availableParallelism() + 1),
    globalSetup: ['test/support/runner/global-setup.ts'],
    runner: './test/support/runner/server-aware-runner.ts',
    // Most need a second or two; those that start ten processes need more of a machine that does other things as well.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
  },
});
