import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Run } from './benchmark.ts';
import { watchProcess } from './process-cost.ts';

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
  /** What the command answered. */
  readonly result: unknown;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const words = { run: ['run'], verify: ['verify'], repair: ['verify', '--repair'] } as const;

/** `lockstep run` as a user types it, timed from the command to its end, start of Node included. Exit code 2 is an answer too. */
export async function runOurs(run: OurRun): Promise<OurResult> {
  const config = here(`../configurations/${run.configuration}.ts`);
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [here('../../bin/lockstep.mjs'), ...words[run.verb], '--config', config, '--json'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        BENCH_SOURCE: run.source,
        BENCH_TARGET: run.destination,
        BENCH_STORE: run.store,
      },
    },
  );
  const cost = watchProcess(child.pid ?? 0);
  let output = '';
  let messages = '';
  child.stdout.on('data', (piece: Buffer) => {
    output += piece.toString();
  });
  child.stderr.on('data', (piece: Buffer) => {
    messages += piece.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const seconds = (performance.now() - startedAt) / 1000;
  if (code !== 0 && code !== 2) throw new Error(`lockstep ${run.verb} ended with ${code}: ${messages}`);
  const { result } = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '') as { result: unknown };
  return { seconds, ...cost.end(), result };
}
