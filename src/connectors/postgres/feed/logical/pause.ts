import { setTimeout as sleep } from 'node:timers/promises';
import { interruptedBy } from '../../../../protocol/errors/interrupted.ts';

/** Throws when the signal aborts. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (thrown) {
    throw signal.aborted ? interruptedBy(signal) : thrown;
  }
}
