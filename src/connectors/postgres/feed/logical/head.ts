import type { Session } from '../../session/session.ts';
import { endOfRecords, type Lsn, lsnOf } from './lsn.ts';
import type { CaptureSetup } from './setup/capture-setup.ts';
import { makeSlot } from './setup/prepare-capture.ts';
import { settle } from './slot/settle.ts';
import { insertPositionQuery } from './slot/slot-state.sql.ts';
import { readSlotState } from './slot/slot-state.ts';

export interface Head {
  readonly lsn: Lsn;
  /** The server's clock. */
  readonly atMs: number;
}

/** Everything that finished reads have seen is at or before it. */
export async function headThrough(
  session: Session,
  options: { readonly signal: AbortSignal },
): Promise<Head> {
  const { rows } = await session.query<{ lsn: string; page_bytes: string; at_ms: string }>(
    insertPositionQuery,
    undefined,
    options,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('the server does not say where its log ends');
  return { lsn: endOfRecords(lsnOf(row.lsn), BigInt(row.page_bytes)), atMs: Number(row.at_ms) };
}

/**
 * Reads from now on show everything before it, and the slot holds everything after it. Before anything was consumed it is where the
 * slot stands: that is where the stream will begin.
 */
export async function headFrom(
  setup: CaptureSetup,
  { consumed, signal }: { readonly consumed: boolean; readonly signal: AbortSignal },
): Promise<Head> {
  const { pool, names, notice } = setup;
  const look = () => pool.use((session) => readSlotState(session, names.slot, { signal }), { signal });
  let state = await look();
  if (state.slot === null) {
    await makeSlot(setup, signal);
    state = await look();
  }
  return await pool.use(
    async (session) => {
      const { atMs } = await headThrough(session, { signal });
      await settle(session, { notice, signal });
      return { lsn: consumed ? state.flush : (state.slot?.confirmed ?? state.flush), atMs };
    },
    { signal },
  );
}
