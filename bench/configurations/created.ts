import type { OurRun } from '../harness/ours.ts';
import { configuration as plain } from './plain.ts';

/** The target does not exist: we create it. */
export const configuration = (run: OurRun) => {
  const { store, pipelines } = plain(run);
  return { store, pipelines: { bench: { ...pipelines.bench, create: true } } };
};
