import { setTimeout as pause } from 'node:timers/promises';

const patienceMs = 60_000;

/** Waits for a state; `found` says what there was instead. */
export async function eventually(
  what: string,
  condition: () => Promise<boolean> | boolean,
  found: () => string = () => '',
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`it never came to this: ${what} ${found()}`);
    await pause(10);
  }
}
