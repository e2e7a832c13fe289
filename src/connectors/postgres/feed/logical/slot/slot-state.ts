import { readItems } from '../../../catalog/read-items.ts';
import type { Session } from '../../../session/session.ts';
import { type Lsn, lsnOf } from '../lsn.ts';
import { slotStateQuery } from './slot-state.sql.ts';

/** A slot, and where its server stands. */
export interface SlotState {
  /** Null: there is none of that name. */
  readonly slot: Slot | null;
  readonly insert: Lsn;
  readonly flush: Lsn;
  /** max_slot_wal_keep_size in bytes; null: no limit. */
  readonly keepBytes: number | null;
}

export interface Slot {
  readonly plugin: string;
  readonly database: string;
  /** It belongs to this database and speaks what we read. */
  readonly isOurs: boolean;
  readonly activePid: number | null;
  /** Of the session that uses it; null when nobody does, or we may not see it. */
  readonly activeApplication: string | null;
  readonly confirmed: Lsn;
  /** From here on the log is kept; null: nothing is. */
  readonly restart: Lsn | null;
  /** Why it can't be used any more. */
  readonly invalid: string | null;
  readonly failover: boolean;
}

interface SlotDocument {
  readonly plugin: string | null;
  readonly database: string | null;
  readonly active_pid: number | null;
  readonly confirmed_flush_lsn: string | null;
  readonly restart_lsn: string | null;
  readonly wal_status: string | null;
  readonly conflicting?: boolean | null;
  readonly invalidation_reason?: string | null;
  readonly failover?: boolean;
}

interface StateItem {
  readonly slot: SlotDocument | null;
  readonly activeApplication: string | null;
  readonly database: string;
  readonly insert: string;
  readonly flush: string;
  /** In megabytes; -1: no limit. */
  readonly keepSize: number;
}

export async function readSlotState(
  session: Session,
  name: string,
  options: { readonly signal: AbortSignal },
): Promise<SlotState> {
  const [item] = await readItems<StateItem>(session, { sql: slotStateQuery, values: [name], ...options });
  if (item === undefined) throw new Error('the server says nothing about its slots');
  return {
    slot: item.slot === null ? null : slotOf(item.slot, item),
    insert: lsnOf(item.insert),
    flush: lsnOf(item.flush),
    keepBytes: item.keepSize < 0 ? null : item.keepSize * 1024 * 1024,
  };
}

function slotOf(document: SlotDocument, { database, activeApplication }: StateItem): Slot {
  return {
    plugin: document.plugin ?? 'physical',
    database: document.database ?? '',
    isOurs: document.plugin === 'pgoutput' && document.database === database,
    activePid: document.active_pid,
    activeApplication,
    confirmed: document.confirmed_flush_lsn === null ? 0n : lsnOf(document.confirmed_flush_lsn),
    restart: document.restart_lsn === null ? null : lsnOf(document.restart_lsn),
    invalid: invalidity(document),
    failover: document.failover ?? false,
  };
}

function invalidity(document: SlotDocument): string | null {
  const reason = document.invalidation_reason ?? null;
  if (reason !== null) return reason;
  if (document.conflicting === true) return 'it conflicts with recovery';
  if (document.wal_status === 'lost') return 'its log was removed';
  return null;
}
