import { fileURLToPath } from 'node:url';
import type { Run } from '../../harness/benchmark.ts';
import { timeShell } from '../../harness/shell.ts';

/** A peer of this folder in a process of its own, from its start to its end: Node's start is in its time as in ours. */
export async function runPeer(
  name: 'pipe' | 'driver',
  { source, target }: { readonly source: string; readonly target: string },
): Promise<Run> {
  const program = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const environment = { BENCH_SOURCE: source, BENCH_TARGET: target };
  const seconds = await timeShell(`'${process.execPath}' '${program}'`, environment);
  return { seconds, cpuSeconds: 0, peakRssMb: 0 };
}
