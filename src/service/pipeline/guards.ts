import type { ControlStore } from '../../protocol/control-store.ts';
import type { WaitingGuard } from '../results.ts';

export async function waitingGuards(store: ControlStore, pipeline: string): Promise<readonly WaitingGuard[]> {
  const guards = await store.guards.list(pipeline);
  return guards.map(({ collection, leaving, total, samples, state, raisedAtMs }) => ({
    collection,
    leaving,
    total,
    samples,
    state,
    raisedAtMs,
  }));
}
