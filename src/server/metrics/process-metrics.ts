import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

const nanosecondsPerSecond = 1e9;

type DelayHistogram = ReturnType<typeof monitorEventLoopDelay>;

/** Our own process, under the names that Prometheus knows. Returns what stops measuring. */
export function addProcessMetrics(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  addGauge(registry, {
    name: 'process_resident_memory_bytes',
    help: 'Memory of the process.',
    value: () => process.memoryUsage.rss(),
  });
  addCpu(registry);
  addGauge(registry, {
    name: 'process_start_time_seconds',
    help: 'When it began, in seconds since 1970.',
    value: () => Math.round(Date.now() / 1000 - process.uptime()),
  });
  addEventLoop(registry, delay);
  return () => void delay.disable();
}

function addCpu(registry: Registry): void {
  const cpu: Counter = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time, user and system.',
    registers: [registry],
    collect: () => {
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
    },
  });
}

function addEventLoop(registry: Registry, delay: DelayHistogram): void {
  addGauge(registry, {
    name: 'lockstep_event_loop_delay_p99_seconds',
    help: 'How late timers were since the metrics were last asked for.',
    value: () => {
      const seconds = delay.percentile(99) / nanosecondsPerSecond;
      delay.reset();
      return Number.isFinite(seconds) ? seconds : 0;
    },
  });
}

function addGauge(
  registry: Registry,
  { name, help, value }: { readonly name: string; readonly help: string; readonly value: () => number },
): void {
  const gauge: Gauge = new Gauge({
    name,
    help,
    registers: [registry],
    collect: () => gauge.set(value()),
  });
}
