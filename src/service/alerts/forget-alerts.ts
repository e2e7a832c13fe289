import { randomUUID } from 'node:crypto';
import type { ControlStore } from '../../protocol/control-store.ts';
import { alertsKey } from './alert-memory.ts';

const durationMs = 5_000;

/** With the pipeline its alerts go. An engine that still watches it finds that out by its fence, and begins anew. */
export async function forgetAlerts(store: ControlStore, pipeline: string): Promise<void> {
  const key = alertsKey(pipeline);
  const held = await store.leases.get(key);
  if (held !== null) await store.leases.release(held);
  const lease = await store.leases.acquire({ pipeline: key, owner: randomUUID(), durationMs });
  if (lease === null) return;
  await store.removePipeline({ pipeline: key, fence: lease.fence });
  await store.leases.release(lease);
}
