import { setTimeout as delay } from 'node:timers/promises';

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
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`not within ${patienceMs} ms: ${what}`);
    await Promise.race([delay(20), ...(alive === undefined ? [] : [alive])]);
  }
}
