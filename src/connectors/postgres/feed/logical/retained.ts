import type { Retained } from '../../../../protocol/feed.ts';
import type { Session } from '../../session/session.ts';
import { openTransactions } from './slot/open-transactions.ts';
import { readSlotState } from './slot/slot-state.ts';

/** Younger transactions are everyday life. */
const oldSeconds = 5;

/** What the slot makes the server keep, against what it may keep. */
export async function readRetained(
  session: Session,
  slotName: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<Retained> {
  const { slot, insert, keepBytes } = await readSlotState(session, slotName, { signal });
  const from = slot === null || slot.invalid !== null ? null : (slot.restart ?? slot.confirmed);
  return {
    bytes: from === null ? null : Number(insert - from),
    limitBytes: keepBytes,
    reachesBackMs: null,
    waitingFor: await openTransactions(session, { signal, olderThanSeconds: oldSeconds }),
  };
}
