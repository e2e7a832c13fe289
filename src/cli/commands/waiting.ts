import type { RequestProgress } from '../../service/pipeline/requests.ts';
import type { CommandOption } from '../command.ts';
import { liveFigures } from '../render/live.ts';
import type { Terminal } from '../terminal.ts';

export const noWait: CommandOption = {
  flags: '--no-wait',
  about: 'only ask; `status` shows what becomes of it',
};

const lineEveryMs = 10_000;

/** Tells how far a request is: when its state changes, and every ten seconds. */
export function tellProgress(terminal: Terminal): (progress: RequestProgress) => void {
  let toldState: string | null = null;
  let toldAt = 0;
  return ({ id, state, live }) => {
    const now = performance.now();
    if (state === toldState && now - toldAt < lineEveryMs) return;
    toldState = state;
    toldAt = now;
    const figures = live === null ? '' : ` (${[live.status, ...liveFigures(live, Date.now())].join(', ')})`;
    terminal.message(
      `request ${id}: ${state === 'waiting' ? 'waits for the engine' : 'under way'}${figures}`,
    );
  };
}
