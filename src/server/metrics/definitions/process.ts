import { defineMetrics } from './definition.ts';

/** Our own process, under the names that Prometheus knows. */
export const processMetrics = defineMetrics({
  process_resident_memory_bytes: {
    type: 'gauge',
    labels: [],
    unit: 'bytes',
    help: 'Memory of the process.',
    bad: 'Growing for hours: it should stay level whatever flows.',
  },
  process_cpu_seconds_total: {
    type: 'counter',
    labels: [],
    unit: 'seconds',
    help: 'CPU time, user and system.',
    bad: 'A rate near 1: the process is what limits the speed.',
  },
  process_start_time_seconds: {
    type: 'gauge',
    labels: [],
    unit: 'seconds since 1970',
    help: 'When it began.',
    bad: 'Changing often: it is being restarted.',
  },
  lockstep_event_loop_delay_p99_seconds: {
    type: 'gauge',
    labels: [],
    unit: 'seconds',
    help: 'How late timers were since the metrics were last asked for.',
    bad: 'Above 1: leases of 5 s are in danger.',
  },
});
