import { inject } from 'vitest';
import type { DeskAnswer } from './server-desk.ts';

/** Asks the run's server desk (see server-desk.ts) from a test's process. */
export async function askDesk(path: string): Promise<DeskAnswer> {
  const response = await fetch(new URL(path, inject('serverDesk')));
  return (await response.json()) as DeskAnswer;
}
