import { setTimeout as delay } from 'node:timers/promises';
import { pauseAfter } from '../../support/pause-after.ts';

/** Resolves when it holds; fails after `patienceMs`, or with what `alive` rejects with. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  {
    alive,
    patienceMs = 30_000,
  }: { readonly alive?: Promise<never> | undefined; readonly patienceMs?: number } = {},
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    const lookedAt = performance.now();
    if (await condition()) return;
    if (performance.now() > giveUpAt) throw new Error(`not within ${patienceMs} ms: ${what}`);
    const pauseMs = pauseAfter(performance.now() - lookedAt);
    await Promise.race([delay(pauseMs), ...(alive === undefined ? [] : [alive])]);
  }
}
