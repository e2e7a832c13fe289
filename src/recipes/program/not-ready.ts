import { LockstepError } from '../../index.ts';

/** Nothing was touched; everything that is in the way, at once. */
export const notReady = (pipeline: string, faults: readonly string[]): LockstepError =>
  new LockstepError('not-ready', {
    pipeline,
    count: faults.length,
    findings: faults.map((fault) => `  ${fault}`).join('\n'),
  });
