import type { Lockstep } from '../../service/lockstep.ts';
import type { Register } from './register.ts';

/** Connections of ours to either side. Returns what ends it. */
export function addConnectionMetrics({ gauge }: Register, events: Lockstep['events']): () => void {
  const open = gauge('lockstep_connections');
  const inUse = gauge('lockstep_connections_in_use');
  return events.on('connections', (told) => {
    const { pipeline, side } = told;
    open.set({ pipeline, side }, told.open);
    inUse.set({ pipeline, side }, told.inUse);
  });
}
