import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Sides } from './sides.ts';

const run = promisify(execFile);

export interface Load {
  /** Where pgbench is. */
  readonly program: string;
  readonly clients: number;
  /** Each client does so many transactions, or all do what they can for so long. */
  readonly until: { readonly transactions: number } | { readonly seconds: number };
  /** A script of pgbench's language; default: its own TPC-B. */
  readonly script?: string;
  readonly variables?: Readonly<Record<string, number>>;
  /** True: what makes the load does not wait for the disk; for loads that are not measured. */
  readonly hurried?: boolean;
}

export interface Loaded {
  readonly transactions: number;
  /** Without connecting. */
  readonly seconds: number;
}

/** Runs pgbench against the source; the same load each time it is run. */
export async function load(sides: Sides, options: Load): Promise<Loaded> {
  const { program, clients, until, variables = {}, hurried = false } = options;
  const amount = 'seconds' in until ? ['-T', `${until.seconds}`] : ['-t', `${until.transactions}`];
  const defined = Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`]);
  const what = await scriptArguments(sides, options.script);
  const { stdout } = await run(
    program,
    ['-n', '-c', `${clients}`, '-j', '1', ...amount, '--random-seed=4711', ...defined, ...what, sides.source],
    {
      maxBuffer: 16 * 1024 * 1024,
      env: { ...process.env, ...(hurried ? { PGOPTIONS: '-c synchronous_commit=off' } : {}) },
    },
  );
  const transactions = numberIn(stdout, /actually processed: (\d+)/);
  return { transactions, seconds: transactions / numberIn(stdout, /^tps = ([\d.]+)/m) };
}

async function scriptArguments(sides: Sides, script: string | undefined): Promise<readonly string[]> {
  if (script === undefined) return ['-M', 'prepared', '-b', 'tpcb-like'];
  const file = join(sides.scratch, `${sides.name}.pgbench`);
  await writeFile(file, script);
  return ['-f', file];
}

function numberIn(text: string, pattern: RegExp): number {
  const [, found] = pattern.exec(text) ?? [];
  if (found === undefined) throw new Error(`pgbench answered something else:\n${text}`);
  return Number(found);
}
