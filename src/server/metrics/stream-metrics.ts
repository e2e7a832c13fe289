import type { EventMap } from '../../protocol/events.ts';
import type { Lockstep } from '../../service/lockstep.ts';
import type { Register } from './register.ts';

/** From under a millisecond (one small transaction) to minutes (a large one, or a destination that was away). */
const buckets = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** What windows did: amounts and how long they took. */
export function addStreamMetrics(register: Register, events: Lockstep['events']): () => void {
  const countWindow = windowCounters(register);
  const timeWindow = windowHistograms(register);
  return events.on('window.applied', (window) => {
    countWindow(window);
    timeWindow(window);
  });
}

type Window = EventMap['window.applied'];

function windowCounters({ counter }: Register): (window: Window) => void {
  const changes = counter('lockstep_changes_total');
  const keys = counter('lockstep_keys_total');
  const touches = counter('lockstep_touches_total');
  const written = counter('lockstep_written_total');
  const bytes = counter('lockstep_bytes_total');
  const windows = counter('lockstep_windows_total');
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

function windowHistograms({ histogram }: Register): (window: Window) => void {
  const seconds = histogram('lockstep_window_seconds', buckets);
  const latency = histogram('lockstep_commit_to_durable_seconds', buckets);
  return ({ pipeline, milliseconds, committedAtMs }) => {
    seconds.observe({ pipeline }, milliseconds / 1000);
    if (committedAtMs !== null) latency.observe({ pipeline }, Math.max(0, Date.now() - committedAtMs) / 1000);
  };
}
