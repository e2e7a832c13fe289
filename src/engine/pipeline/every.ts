import { setTimeout as delay } from 'node:timers/promises';

/** Does something again and again, with a pause between, until somebody stops it. */
export async function every(
  pauseMs: number,
  stopping: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!stopping.aborted) {
    await work();
    await delay(pauseMs, undefined, { signal: stopping }).catch(() => undefined);
  }
}
