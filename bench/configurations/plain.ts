import type { OurRun } from '../harness/ours.ts';

/** The headline: default settings. */
export const configuration = ({ source, destination, store }: OurRun) => ({
  store: { path: store },
  pipelines: {
    bench: {
      source: { connector: 'postgres', url: source },
      destination: { connector: 'postgres', url: destination },
      collections: ['bench'],
    },
  },
});
