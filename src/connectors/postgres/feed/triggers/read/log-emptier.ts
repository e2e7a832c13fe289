import { toLockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../../protocol/failpoints.ts';
import type { SessionPool } from '../../../session/pool.ts';
import type { Session } from '../../../session/session.ts';
import type { LogLayout } from '../log-layout.ts';
import { afterTransaction, type LogPosition } from '../position.ts';
import { clockSeconds, register, setRegister } from '../register.sql.ts';
import { ownDeletes } from '../setup/create-log.sql.ts';

const everyMs = 1_000;
const rowsPerBatch = 10_000;

/**
 * Takes out of the log what is acknowledged: whole transactions, a batch at a time, beside the reading. The mark is moved first: whoever
 * comes back with an older position then sees that something may be missing.
 */
export class LogEmptier implements AsyncDisposable {
  readonly #pool: SessionPool;
  readonly #layout: LogLayout;
  readonly #ended = new AbortController();
  #wanted = 0n;
  #done = 0n;
  #startedAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;

  constructor(pool: SessionPool, layout: LogLayout) {
    this.#pool = pool;
    this.#layout = layout;
  }

  /** The last transaction that is acknowledged as a whole. */
  static lastWhole({ xid, seq }: LogPosition): bigint {
    return seq === afterTransaction ? xid : xid - 1n;
  }

  acknowledge(position: LogPosition): void {
    const last = LogEmptier.lastWhole(position);
    if (last > this.#wanted) this.#wanted = last;
  }

  /** Null: nothing to do now. Else the transaction up to which `start` may empty the log. */
  get due(): bigint | null {
    const isTime = performance.now() - this.#startedAt >= everyMs;
    return this.#running === null && isTime && this.#wanted > this.#done ? this.#wanted : null;
  }

  /** In the background; an error is told and the work tried again later. */
  start(upTo: bigint): void {
    this.#startedAt = performance.now();
    this.#running = this.#empty(upTo).finally(() => {
      this.#running = null;
    });
  }

  /** Whether everything up to there was taken out. */
  isEmptied(position: LogPosition): boolean {
    return this.#done >= LogEmptier.lastWhole(position);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new Error('the feed was closed'));
    await this.#running;
  }

  async #empty(upTo: bigint): Promise<void> {
    const { signal } = this.#ended;
    try {
      await this.#pool.use((session) => this.#deleteRows(session, upTo, signal), { signal });
      this.#done = upTo;
    } catch (thrown) {
      if (signal.aborted) return;
      const { message } = toLockstepError(thrown);
      this.#pool.notice({ kind: 'retry', message: `emptying the change log is tried again: ${message}` });
    }
  }

  async #deleteRows(session: Session, upTo: bigint, signal: AbortSignal): Promise<void> {
    reach('log.empty.before');
    await session.query(markLow(this.#layout), [String(upTo)], { signal });
    for (let deleted = rowsPerBatch; deleted === rowsPerBatch; ) {
      const range = [String(this.#done), String(upTo), String(rowsPerBatch)];
      // In one message: whoever is paused in the middle must not have a transaction open, behind which nobody can read the log.
      const statements = [
        { sql: settings, values: [] },
        { sql: deleteBatch(this.#layout), values: range },
      ];
      const [, counted] = await session.batch(statements, { signal });
      deleted = Number(counted?.[0]?.[0]);
    }
    await session.query(markFirst(this.#layout), undefined, { signal });
    reach('log.empty.after');
  }
}

/** Until the end of the transaction. */
const settings = `SELECT ${[
  [ownDeletes, 'on'],
  ['enable_seqscan', 'off'],
  ['enable_sort', 'off'],
  ['enable_bitmapscan', 'off'],
]
  .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', true)`)
  .join(', ')}`;

/** $1 xid: never back, whoever else empties. */
const markLow = ({ lowXid }: LogLayout): string =>
  `SELECT ${setRegister(lowXid, `greatest($1::int8, ${register(lowXid)})`)}`;

/**
 * From where the last one ended, so that entries which an old snapshot keeps in the index are not walked over again. $1 xid: deleted up to it
 * already, $2 xid, $3 how many
 */
const deleteBatch = ({ log }: LogLayout): string => `
WITH gone AS (
  DELETE FROM ${log} WHERE ctid = ANY (ARRAY(
    SELECT l.ctid FROM ${log} l WHERE l.xid > $1::xid8 AND l.xid <= $2::xid8 ORDER BY l.xid, l.seq LIMIT $3::int8))
  RETURNING 1
) SELECT pg_catalog.count(*) FROM gone`;

/** From which row on the log is counted, and since when, for its bounds. */
const markFirst = ({ log, rows, lowRow, lowAt }: LogLayout): string => `
SELECT ${setRegister(lowRow, 'coalesce(f.seq - 1, last.value, 0)')},
  ${setRegister(lowAt, `coalesce(pg_catalog.date_part('epoch', f.at)::int8, ${clockSeconds})`)}
FROM (SELECT ${register(rows)} AS value) AS last
LEFT JOIN LATERAL (SELECT l.seq, l.at FROM ${log} l ORDER BY l.xid, l.seq LIMIT 1) AS f ON true`;
