import { readFileSync } from 'node:fs';

export interface ProcessCost {
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

/** The kernel counts in hundredths of a second. */
const ticksPerSecond = 100;
const everyMs = 20;

/** Looks at a process until it ends: the kernel keeps its peak, so only the last moments before the end can be missed. Linux only. */
export function watchProcess(pid: number): { end(): ProcessCost } {
  let cost: ProcessCost = { cpuSeconds: 0, peakRssMb: 0 };
  const timer = setInterval(() => {
    const now = costOf(pid);
    // A process that has ended and was not waited for yet has no memory any more.
    if (now !== null) cost = { ...now, peakRssMb: Math.max(now.peakRssMb, cost.peakRssMb) };
  }, everyMs);
  // Who forgets to end it is not kept alive by it.
  timer.unref();
  return {
    end: () => {
      clearInterval(timer);
      return cost;
    },
  };
}

function costOf(pid: number): ProcessCost | null {
  try {
    const [, peak = '0'] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    const fields = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? '').split(' ');
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    return { cpuSeconds, peakRssMb: Number(peak) / 1024 };
  } catch {
    return null; // It has just ended.
  }
}
