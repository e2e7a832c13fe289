import { defineConfig } from '../../src/index.ts';
import plain from './plain.ts';

/** The target was filled by somebody else, and all of its rows are ours. */
export default defineConfig({
  ...plain,
  pipelines: { bench: { ...plain.pipelines['bench'], collections: { bench: { scope: 'all' } } } },
});
