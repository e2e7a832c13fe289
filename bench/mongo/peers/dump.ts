import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Run } from '../../harness/benchmark.ts';
import { timeShell } from '../../harness/shell.ts';

const run = promisify(execFile);

/** MongoDB's own tools, which are not part of its server. */
export async function hasDumpTools(): Promise<boolean> {
  try {
    for (const tool of ['mongodump', 'mongorestore']) await run(tool, ['--version']);
    return true;
  } catch {
    return false; // Not on PATH.
  }
}

/** One into the other, through a pipe. */
export async function dumpAndRestore({
  source,
  target,
}: {
  readonly source: string;
  readonly target: string;
}): Promise<Run> {
  const namespace = (url: string): string => `${new URL(url).pathname.slice(1)}.bench`;
  const seconds = await timeShell(
    `mongodump --quiet --uri '${source}' --collection bench --archive | ` +
      `mongorestore --quiet --uri '${target}' --archive --nsFrom '${namespace(source)}' --nsTo '${namespace(target)}'`,
  );
  return { seconds, cpuSeconds: 0, peakRssMb: 0 };
}
