import { fileURLToPath } from 'node:url';
import { type Child, type ChildOptions, type ChildResult, runChild, startChild } from '../support/child.ts';

export interface LockstepOptions extends Pick<ChildOptions, 'env' | 'largestFileKib'> {
  readonly cwd: string;
}

const file = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** The command line in a process of its own. */
export const lockstep = (args: readonly string[], options: LockstepOptions): Promise<ChildResult> =>
  runChild({ file, args, ...options });

export const startLockstep = (args: readonly string[], options: LockstepOptions): Child =>
  startChild({ file, args, ...options });

/** What --json printed last. */
export function answerOf(result: ChildResult): unknown {
  return JSON.parse(result.stdout.trimEnd().split('\n').at(-1) ?? '');
}
