import { defineConfig } from '../../src/index.ts';
import live from './live.ts';

const { bench } = live.pipelines;

/** Changes from triggers, otherwise default settings. */
export default defineConfig({
  ...live,
  pipelines: { bench: { ...bench, source: { ...bench.source, capture: { kind: 'triggers' } } } },
});
