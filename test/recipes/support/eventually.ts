import { setTimeout as delay } from 'node:timers/promises';
import { pauseAfter } from '../../support/pause-after.ts';

const patienceMs = 30_000;

/** Waits for a state; `found` says what there was instead. */
export async function eventually(
  what: string,
  condition: () => Promise<boolean> | boolean,
  found: () => unknown = () => '',
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    const lookedAt = performance.now();
    if (await condition()) return;
    if (performance.now() > giveUpAt) throw new Error(`it never came to this: ${what}; ${await found()}`);
    await delay(pauseAfter(performance.now() - lookedAt));
  }
}
