import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Register } from './register.ts';

const nanosecondsPerSecond = 1e9;

/** Our own process. Returns what stops measuring. */
export function addProcessMetrics(register: Register): () => void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  register.gauge('process_resident_memory_bytes', (gauge) => gauge.set(process.memoryUsage.rss()));
  register.gauge('process_start_time_seconds', (gauge) =>
    gauge.set(Math.round(Date.now() / 1000 - process.uptime())),
  );
  register.counter('process_cpu_seconds_total', (counter) => {
    const { user, system } = process.cpuUsage();
    counter.reset();
    counter.inc((user + system) / 1e6);
  });
  register.gauge('lockstep_event_loop_delay_p99_seconds', (gauge) => {
    const seconds = delay.percentile(99) / nanosecondsPerSecond;
    delay.reset();
    gauge.set(Number.isFinite(seconds) ? seconds : 0);
  });
  return () => void delay.disable();
}
