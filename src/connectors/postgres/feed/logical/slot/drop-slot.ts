import { isLockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../../protocol/failpoints.ts';
import type { Session } from '../../../session/session.ts';
import { pause } from '../pause.ts';
import { dropSlotStatement, endStreamStatement } from './slot-state.sql.ts';
import { readSlotState } from './slot-state.ts';

export interface DropRequest {
  readonly slot: string;
  /** How our own sessions that may use it are called. */
  readonly applicationName: string;
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

const pauseMs = 50;

/** Ends a stream of ours and waits until the slot is free; false: somebody else has it, or it did not get free. */
export async function freeSlot(session: Session, request: DropRequest): Promise<boolean> {
  const { slot, applicationName, patienceMs, signal } = request;
  const until = performance.now() + patienceMs;
  for (;;) {
    const { slot: state } = await readSlotState(session, slot, { signal });
    if (state === null || state.activePid === null) return true;
    if (performance.now() > until) return false;
    if (state.activeApplication === applicationName)
      await session.query(endStreamStatement, [slot, applicationName], { signal });
    await pause(pauseMs, signal);
  }
}

/** False: it is in use and stays. A slot that does not exist is dropped already. */
export async function dropSlot(session: Session, request: DropRequest): Promise<boolean> {
  const until = performance.now() + request.patienceMs;
  reach('slot.drop.before');
  for (;;) {
    if (!(await freeSlot(session, { ...request, patienceMs: until - performance.now() }))) return false;
    const { slot } = await readSlotState(session, request.slot, request);
    if (slot === null) break;
    try {
      await session.query(dropSlotStatement, [request.slot], request);
      break;
    } catch (thrown) {
      // Somebody took it in between (55006).
      if (!isLockstepError(thrown, 'lock-timeout') || performance.now() > until) throw thrown;
    }
  }
  reach('slot.drop.after');
  return true;
}
