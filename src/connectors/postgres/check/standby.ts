import { type Finding, finding } from '../../../protocol/finding.ts';
import type { Session } from '../session/session.ts';

interface StandbyFacts {
  readonly standby: boolean;
  readonly patience: string;
  readonly feedback: boolean;
}

const standbyFacts = `
SELECT pg_catalog.pg_is_in_recovery() AS standby, pg_catalog.current_setting('max_standby_streaming_delay') AS patience,
  pg_catalog.current_setting('hot_standby_feedback')::pg_catalog.bool AS feedback`;

interface SignalOption {
  readonly signal?: AbortSignal | undefined;
}

async function readStandbyFacts(session: Session, options: SignalOption): Promise<StandbyFacts | null> {
  const { rows } = await session.query<StandbyFacts>(standbyFacts, undefined, options);
  return rows[0]?.standby === true ? rows[0] : null;
}

/** It can be read, as old as it is; what its primary cleans up ends reads. */
export async function readingFindings(session: Session, options: SignalOption): Promise<readonly Finding[]> {
  const facts = await readStandbyFacts(session, options);
  if (facts === null) return [];
  const { patience, feedback } = facts;
  const details = { patience, feedback: feedback ? 'on' : 'off' };
  return [finding({ level: 'info', subject: 'source' }, 'postgres-standby', details)];
}

/** Nothing can be made there: no triggers, no log, no publication. */
export async function captureFindings(
  session: Session,
  { capture, ...options }: SignalOption & { readonly capture: 'logical' | 'triggers' },
): Promise<readonly Finding[]> {
  if ((await readStandbyFacts(session, options)) === null) return [];
  return [finding({ level: 'error', subject: 'source' }, 'postgres-standby-captured', { capture })];
}
