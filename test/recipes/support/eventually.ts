import { setTimeout as delay } from 'node:timers/promises';

const patienceMs = 30_000;

/** Waits for a state; `found` says what there was instead. */
export async function eventually(
  what: string,
  condition: () => Promise<boolean> | boolean,
  found: () => unknown = () => '',
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`it never came to this: ${what}; ${await found()}`);
    await delay(20);
  }
}
