import { setTimeout as sleep } from 'node:timers/promises';
import {
  isLockstepError,
  LockstepError,
  toLockstepError,
} from '../../../../protocol/errors/lockstep-error.ts';
import { interrupted } from '../../errors.ts';
import type { SessionPool } from '../../session/pool.ts';
import type { Session } from '../../session/session.ts';
import type { LogLayout } from './log-layout.ts';
import { afterTransaction, type LogPosition } from './position.ts';
import { markNow } from './read/mark.ts';
import { readHead } from './read/page.sql.ts';
import { transactionsBefore } from './read/waiting-for.ts';

export interface LogHead {
  readonly position: LogPosition;
  readonly atMs: number;
}

interface HeadRow {
  readonly xmin: string;
  readonly epoch: string;
  readonly gap: string;
  readonly lowxid: string;
  readonly clock: string;
  readonly last: string | null;
}

export interface HeadRequest {
  readonly layout: LogLayout;
  readonly identity: string;
  readonly signal: AbortSignal;
}

const lookEveryMs = 20;
const speakAfterMs = 1_000;
const speakEveryMs = 10_000;

/**
 * Behind everything that is over now. Waits until every transaction that was open when this was called is over: what it wrote
 * before the triggers were there is then seen by whoever reads, and what could not be logged is too.
 */
export async function headFrom(pool: SessionPool, request: HeadRequest): Promise<LogHead> {
  const { signal } = request;
  return await pool.use(
    async (session) => {
      const first = await readRow(session, request);
      const mark = await markNow(session, { signal });
      const waiting = new Waiting(session, pool, signal);
      for (;;) {
        const row = await readRow(session, request);
        if (BigInt(row.xmin) > mark) {
          // The gap as it was before we waited: what moved it since may be open still.
          const place = { xid: BigInt(row.xmin) - 1n, seq: afterTransaction, gap: BigInt(first.gap) };
          return {
            position: { ...place, identity: request.identity, epoch: row.epoch },
            atMs: Number(row.clock),
          };
        }
        await waiting.pause(mark);
      }
    },
    { signal },
  );
}

/** Behind the last change that anybody can see; of an emptied log: behind what was taken out of it. */
export async function headThrough(session: Session, request: HeadRequest): Promise<LogHead> {
  const row = await readRow(session, request);
  const [xid = row.lowxid, seq = '0']: readonly string[] = row.last === null ? [] : JSON.parse(row.last);
  const place = { xid: BigInt(xid), seq: BigInt(seq), gap: BigInt(row.gap) };
  return { position: { ...place, identity: request.identity, epoch: row.epoch }, atMs: Number(row.clock) };
}

async function readRow(session: Session, { layout, signal }: HeadRequest): Promise<HeadRow> {
  const { rows } = await whileThereIsALog(() =>
    session.query<HeadRow>(readHead(layout), undefined, { signal }),
  );
  const row = rows[0];
  if (row === undefined) throw new LockstepError('internal', { detail: 'the change log answers nothing' });
  return row;
}

/** A log that somebody dropped or altered is made anew by its reader; who asks meanwhile asks again. */
export async function whileThereIsALog<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (thrown) {
    const error = toLockstepError(thrown);
    if (!isLockstepError(error, 'collection-gone') && !isLockstepError(error, 'shape-changed')) throw error;
    throw new LockstepError('postgres-log-missing', { detail: error.message }, { cause: error });
  }
}

/** Says once in a while what it waits for. */
class Waiting {
  readonly #session: Session;
  readonly #pool: SessionPool;
  readonly #signal: AbortSignal;
  #speakAt = performance.now() + speakAfterMs;

  constructor(session: Session, pool: SessionPool, signal: AbortSignal) {
    this.#session = session;
    this.#pool = pool;
    this.#signal = signal;
  }

  async pause(mark: bigint): Promise<void> {
    if (performance.now() >= this.#speakAt) {
      this.#speakAt = performance.now() + speakEveryMs;
      const names = await transactionsBefore(this.#session, mark, { signal: this.#signal });
      const whom = names.length === 0 ? 'a transaction that this role may not see' : names.join('; ');
      this.#pool.notice({ kind: 'waiting', message: `waiting for ${whom}` });
    }
    try {
      await sleep(lookEveryMs, undefined, { signal: this.#signal });
    } catch {
      throw interrupted(this.#signal);
    }
  }
}
