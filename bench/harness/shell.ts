import { spawn } from 'node:child_process';

/** Runs a shell command to its end; returns the wall seconds. Its error output goes into the error. */
export async function timeShell(
  command: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<number> {
  const startedAt = performance.now();
  const child = spawn('bash', ['-o', 'pipefail', '-c', command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let complaint = '';
  child.stderr.on('data', (piece: Buffer) => {
    complaint += piece.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${complaint.slice(0, 2000)}`);
  return (performance.now() - startedAt) / 1000;
}
