import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectorNotice } from '../../../../../protocol/connector.ts';
import { isLockstepError, LockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../../protocol/failpoints.ts';
import { quoteLiteral } from '../../../names.ts';
import type { SessionPool } from '../../../session/pool.ts';
import type { Session } from '../../../session/session.ts';
import { openTransactions } from './open-transactions.ts';

export interface SlotRequest {
  readonly slot: string;
  readonly failover: boolean;
  readonly timeoutMs: number;
  readonly notice: (notice: ConnectorNotice) => void;
  readonly signal: AbortSignal;
}

const lookMs = 1_000;
const noticeMs = 5_000;
/** Slots that standbys keep are new in 17. */
const failoverVersion = 170_000;

/** `failover` is left out where the server does not know it. */
export function createSlotStatement(slot: string, options: { failover: boolean; version: number }): string {
  const failover = options.failover && options.version >= failoverVersion ? ', false, false, true' : '';
  return `SELECT pg_catalog.pg_create_logical_replication_slot(${quoteLiteral(slot)}, 'pgoutput'${failover})`;
}

/** Nothing may end it but us. */
const sessionSettings = `SET statement_timeout = 0; SET lock_timeout = 0`;

/**
 * Makes the slot. The server waits until every transaction that writes now has ended; it keeps the slot only when it got to the end, so
 * a creation that is cancelled, times out or dies leaves none.
 */
export async function createSlot(pool: SessionPool, request: SlotRequest): Promise<void> {
  const { slot, failover, signal } = request;
  await using session = await pool.open({ signal });
  await session.execute(sessionSettings, { signal });
  await watchClient(session, signal);
  const deadline = new AbortController();
  const statement = createSlotStatement(slot, { failover, version: session.serverVersion });
  reach('slot.make.before');
  const creation = session.execute(statement, { signal: AbortSignal.any([signal, deadline.signal]) });
  const waitingFor = await untilSettled(creation, { pool, session, request, deadline });
  try {
    await creation;
  } catch (thrown) {
    if (signal.aborted || !deadline.signal.aborted) throw thrown;
    throw timedOut(request, waitingFor, thrown);
  }
  reach('slot.make.after');
}

/**
 * Lets the server notice within a second that we are gone: it would go on waiting for other transactions, and make a slot that nobody
 * knows of. Servers on some platforms can't; there the slot is found at the next start.
 */
async function watchClient(session: Session, signal: AbortSignal): Promise<void> {
  try {
    await session.execute(`SET client_connection_check_interval = '1s'`, { signal });
  } catch (thrown) {
    if (!isLockstepError(thrown, 'value-refused')) throw thrown;
  }
}

function timedOut(
  { slot, timeoutMs }: SlotRequest,
  waitingFor: readonly string[],
  cause: unknown,
): LockstepError {
  const names = waitingFor.length === 0 ? 'the server' : waitingFor.join('; ');
  return new LockstepError(
    'postgres-slot-timeout',
    { slot, seconds: timeoutMs / 1000, waitingFor: names },
    { cause },
  );
}

interface Waiting {
  readonly pool: SessionPool;
  /** Which makes the slot. */
  readonly session: Session;
  readonly request: SlotRequest;
  readonly deadline: AbortController;
}

/** Tells what the creation waits for, and aborts it at the deadline; what it waited for last. */
async function untilSettled(
  creation: Promise<void>,
  { pool, session, request, deadline }: Waiting,
): Promise<readonly string[]> {
  const settled = creation.then(
    () => true,
    () => true,
  );
  const began = performance.now();
  let toldAt = began;
  let names: readonly string[] = [];
  for (;;) {
    const left = began + request.timeoutMs - performance.now();
    if (await raced(settled, Math.max(0, Math.min(lookMs, left)))) return names;
    names = await waits(pool, session, request.signal);
    const now = performance.now();
    if (now - began >= request.timeoutMs) {
      deadline.abort();
      return names;
    }
    if (now - toldAt < noticeMs) continue;
    toldAt = now;
    request.notice({ kind: 'waiting', message: `making the slot waits for ${names.join('; ')}` });
  }
}

async function raced(settled: Promise<boolean>, milliseconds: number): Promise<boolean> {
  const timer = new AbortController();
  const late = sleep(milliseconds, false, { signal: timer.signal }).catch(() => false);
  const first = await Promise.race([settled, late]);
  timer.abort();
  return first;
}

/** Empty when they can't be asked for: the creation itself tells what is wrong. */
async function waits(pool: SessionPool, session: Session, signal: AbortSignal): Promise<readonly string[]> {
  const options = { signal, olderThanSeconds: 0, except: session.processId };
  return pool.use((other) => openTransactions(other, options), { signal }).catch(() => []);
}
