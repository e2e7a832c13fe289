import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Run } from '../harness/benchmark.ts';
import { watchProcess } from '../harness/process-cost.ts';

const cli = fileURLToPath(new URL('../../bin/lockstep.mjs', import.meta.url));
const wanted = 'FeatBit user sync service started successfully';

/** `featbit:sync` from its start (of Node) until it says that all users are as they should be; then it is stopped. */
export async function startedService(
  environment: Readonly<Record<string, string>>,
  directory: string,
): Promise<Run> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [cli, 'featbit:sync'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: directory,
    env: { ...process.env, ...environment },
  });
  const cost = watchProcess(child.pid ?? 0);
  let last = '';
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const seconds = await new Promise<number>((resolve, reject) => {
    const read = (piece: Buffer): void => {
      last = `${last}${piece.toString()}`.slice(-4000);
      if (last.includes(wanted)) resolve((performance.now() - startedAt) / 1000);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void ended.then(() => reject(new Error(`featbit:sync ended: ${last}`)));
  });
  child.kill('SIGTERM');
  await ended;
  return { seconds, ...cost.end() };
}
