import type { ControlStore, Lease } from '../../protocol/control-store.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { ResolvedPipeline } from '../config/resolved-config.ts';

/** Who works on the pipeline now; null: nobody. */
export async function ownerOf(store: ControlStore, pipeline: string): Promise<Lease | null> {
  const lease = await store.leases.get(pipeline);
  return lease !== null && lease.expiresAtMs > (await store.nowMs()) ? lease : null;
}

/** An engine that keeps the pipeline running has it: it takes up requests. */
export async function engineRuns(store: ControlStore, pipeline: ResolvedPipeline): Promise<boolean> {
  return pipeline.settings.mode === 'live' && (await ownerOf(store, pipeline.name)) !== null;
}

export function requireLive({ name, settings }: ResolvedPipeline, verb: string): void {
  if (settings.mode === 'live') return;
  throw new LockstepError('pipeline-not-live', { verb, pipeline: name, mode: settings.mode });
}
