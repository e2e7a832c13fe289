import type { StreamContext } from '../stream/context.ts';
import type { Condition } from './condition.ts';
import { every } from './every.ts';

/** Somebody who resumes is waited for, over restarts too, and so often looked for. */
export const lookEveryMs = 250;

/** Whether the pipeline is paused; then it returns once it is no more. */
export async function waitWhilePaused(
  { store, pipeline }: StreamContext,
  condition: Condition,
  stopping: AbortSignal,
): Promise<'flows' | 'resumed' | 'stopped'> {
  const paused = await store.requests.paused(pipeline);
  if (paused === null) return stopping.aborted ? 'stopped' : 'flows';
  const nextStep = `lockstep resume ${pipeline}`;
  condition.on('pause', { reason: paused.reason === '' ? 'somebody paused it' : paused.reason, nextStep });
  const resumed = new AbortController();
  await every(lookEveryMs, AbortSignal.any([stopping, resumed.signal]), async () => {
    if ((await store.requests.paused(pipeline)) === null) resumed.abort();
  });
  if (stopping.aborted) return 'stopped';
  condition.on('resume', { reason: 'it goes on', nextStep: 'it catches up by itself' });
  return 'resumed';
}
