import { defineConfig } from '../../src/index.ts';
import plain from './plain.ts';

/** The target does not exist: we create it. */
export default defineConfig({
  ...plain,
  pipelines: { bench: { ...plain.pipelines['bench'], create: true } },
});
