import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Run } from './benchmark.ts';

/** What the child is told: a module that exports `configuration(urls)`, and what to do with it. */
export interface OurRun {
  /** `bench/configurations/NAME.ts` */
  readonly configuration: string;
  readonly source: string;
  readonly destination: string;
  readonly verb: 'run' | 'verify' | 'repair';
  /** The control store's file. */
  readonly store: string;
}

export interface OurResult extends Run {
  readonly result: unknown;
}

const child = fileURLToPath(new URL('./our-child.ts', import.meta.url));

/** Runs the engine in a process of its own, as a user would, timed from the command to its end, start of Node included. */
export async function runOurs(run: OurRun): Promise<OurResult> {
  const startedAt = performance.now();
  const process_ = spawn(process.execPath, [child, JSON.stringify(run)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  process_.stdout.on('data', (piece: Buffer) => {
    output += piece.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    process_.on('error', reject);
    process_.on('close', resolve);
  });
  if (code !== 0) throw new Error(`our run ended with ${code}: ${output}`);
  const seconds = (performance.now() - startedAt) / 1000;
  const { cpuSeconds, peakRssMb, result } = JSON.parse(output) as Omit<OurResult, 'seconds'>;
  return { seconds, cpuSeconds, peakRssMb, result };
}
