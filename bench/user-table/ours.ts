import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Run } from '../harness/benchmark.ts';
import { watchProcess } from '../harness/process-cost.ts';

const cli = fileURLToPath(new URL('../../bin/lockstep.mjs', import.meta.url));

export interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly cost: ReturnType<typeof watchProcess>;
  readonly ended: Promise<number | null>;
}

export function startRecipe(args: readonly string[], environment: Readonly<Record<string, string>>): Started {
  const child = spawn(process.execPath, [cli, 'user-table', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => {
      output += piece.toString();
    });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { child, output: () => output, cost: watchProcess(child.pid ?? 0), ended };
}

/** One command from its start to its end, start of Node included. */
export async function runRecipe(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Run> {
  const startedAt = performance.now();
  const started = startRecipe(args, environment);
  const code = await started.ended;
  const seconds = (performance.now() - startedAt) / 1000;
  if (code !== 0) throw new Error(`user-table ${args.join(' ')} ended with ${code}: ${started.output()}`);
  return { seconds, ...started.cost.end() };
}
