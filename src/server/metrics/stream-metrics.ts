import { Counter, Histogram, type Registry } from 'prom-client';
import type { EventMap } from '../../protocol/events.ts';
import type { Lockstep } from '../../service/lockstep.ts';

/** From under a millisecond (one small transaction) to minutes (a large one, or a destination that was away). */
const buckets = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** What windows did: amounts and how long they took. */
export function addStreamMetrics(registry: Registry, events: Lockstep['events']): () => void {
  const countWindow = windowCounters(registry);
  const timeWindow = windowHistograms(registry);
  return events.on('window.applied', (window) => {
    countWindow(window);
    timeWindow(window);
  });
}

type Window = EventMap['window.applied'];

function windowCounters(registry: Registry): (window: Window) => void {
  const counter = (name: string, help: string, more: readonly string[] = []) =>
    new Counter({ name, help, labelNames: ['pipeline', ...more], registers: [registry] });
  const changes = counter('lockstep_changes_total', 'Changes as the source told them.');
  const keys = counter(
    'lockstep_keys_total',
    'Keys that were left of the changes of each window after merging.',
  );
  const touches = counter('lockstep_touches_total', 'Keys whose rows were read again.');
  const written = counter('lockstep_written_total', 'What was done with rows at the destination.', ['kind']);
  const bytes = counter('lockstep_bytes_total', 'About how much memory the changes took.');
  const windows = counter('lockstep_windows_total', 'Windows that became durable.', ['torn']);
  return (window) => {
    const { pipeline } = window;
    changes.inc({ pipeline }, window.changes);
    keys.inc({ pipeline }, window.keys);
    touches.inc({ pipeline }, window.touches);
    bytes.inc({ pipeline }, window.bytes);
    windows.inc({ pipeline, torn: String(window.torn) });
    for (const kind of ['inserted', 'updated', 'left', 'unchanged'] as const)
      written.inc({ pipeline, kind }, window[kind]);
  };
}

function windowHistograms(registry: Registry): (window: Window) => void {
  const histogram = (name: string, help: string) =>
    new Histogram({ name, help, labelNames: ['pipeline'], buckets, registers: [registry] });
  const seconds = histogram(
    'lockstep_window_seconds',
    'From the arrival of the first change of a window until it was durable.',
  );
  const latency = histogram(
    'lockstep_commit_to_durable_seconds',
    'From the commit at the source until it was durable; as true as the clocks of both machines agree.',
  );
  return ({ pipeline, milliseconds, committedAtMs }) => {
    seconds.observe({ pipeline }, milliseconds / 1000);
    if (committedAtMs !== null) latency.observe({ pipeline }, Math.max(0, Date.now() - committedAtMs) / 1000);
  };
}
