import { setTimeout as sleep } from 'node:timers/promises';
import { interrupted } from '../../../errors.ts';
import { quoteIdentifier } from '../../../names.ts';
import type { SessionPool } from '../../../session/pool.ts';
import type { Session } from '../../../session/session.ts';
import type { LogLayout } from '../log-layout.ts';
import { clockSeconds, setRegister } from '../register.sql.ts';
import { markNow } from './mark.ts';

/** Made once: an abort without a reason makes an exception with its stack each time. */
const isRung = new Error('the bell was rung');

export interface SleeperParts {
  readonly pool: SessionPool;
  readonly session: Session;
  readonly layout: LogLayout;
  readonly pollMs: number;
}

/** What a look at the log says of how long the next one can wait. */
export interface Sight {
  readonly rows: readonly unknown[];
  /** No more rows are behind these. */
  readonly complete: boolean;
  readonly xmin: bigint;
  readonly waiting: boolean;
  readonly processId: number;
}

/** So long after the last change the log is looked at without resting. */
const aliveMs = 100;
const aliveEveryMs = 2;
/** While something is there that an open transaction keeps from us. */
const heldEveryMs = 10;
/** So much at once, and so much a millisecond, is worth waiting for more: a look, and a window, cost less per change then. */
const busyRows = 32;
const busyPerMs = 2;
const busyEveryMs = 20;
/** At rest, where nobody can wake us. */
const unwokenEveryMs = 50;
const testPatienceMs = 1_000;
/** Changes that were there after a sleep without a notification, in a row. */
const lossesToGiveUp = 3;

/**
 * How long to rest between two looks at the log. Awake, it polls, and writers notify nobody. Asleep, a register asks writers to
 * notify; it names a time after which nobody listens any more, should we die asleep.
 *
 * | state  | after a look                                    | then                                                |
 * |--------|-------------------------------------------------|-----------------------------------------------------|
 * | any    | with changes                                    | awake, the next look at once                        |
 * | any    | with all of many changes, at a high rate        | awake, the next look when as many have come again   |
 * | any    | something is held back by an open transaction   | the next look soon                                  |
 * | awake  | quiet for 100 ms                                | dozing: the register is set                         |
 * | dozing | transactions are open that may not have seen it | the next look soon                                  |
 * | dozing | all of them are over                            | asleep until a notification, or for pollMs          |
 *
 * No notification can be used behind a pooler that shares server sessions, and where transactions may be prepared: a transaction that
 * has notified can't be, and the application must not fail because of us.
 */
export class Sleeper implements AsyncDisposable {
  readonly #parts: SleeperParts;
  readonly #subscription: Disposable;
  #notified = false;
  #ring: (() => void) | null = null;
  #usable = false;
  #activeAt = performance.now();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #state: 'awake' | 'dozing' | 'asleep' = 'awake';
  /** Transactions up to this one may not have seen that we sleep. */
  #openBefore = 0n;
  #losses = 0;
  #sleptUnwoken = false;

  constructor(parts: SleeperParts) {
    this.#parts = parts;
    this.#subscription = parts.session.onNotification(() => {
      this.#notified = true;
      this.#ring?.();
    });
  }

  /** Finds out whether notifications reach us. */
  async prepare(signal: AbortSignal): Promise<void> {
    const { session, pool, layout } = this.#parts;
    await this.#set('0', signal);
    if (await this.#mayPrepare(signal)) {
      this.#giveUp(
        'transactions may be prepared at this server (max_prepared_transactions), and one that notifies can’t be',
      );
      return;
    }
    const channel = quoteIdentifier(layout.channelName);
    await session.execute(`LISTEN ${channel}`, { signal });
    await pool.use((other) => other.execute(`NOTIFY ${channel}`, { signal }), { signal });
    await this.#wait(testPatienceMs, signal);
    if (this.#notified) this.#usable = true;
    else this.#giveUp('notifications do not arrive: a connection pooler shares the server’s sessions');
    this.#notified = false;
  }

  /** Returns when the log should be looked at again. `soon`: something else is about to happen there. */
  async rest(
    sight: Sight,
    { soon, signal }: { readonly soon: boolean; readonly signal: AbortSignal },
  ): Promise<void> {
    this.#judge(sight);
    const sinceMs = performance.now() - this.#lookedAt;
    await this.#restAfter(sight, { soon, sinceMs, signal });
    this.#lookedAt = performance.now();
  }

  async #restAfter(
    sight: Sight,
    {
      soon,
      sinceMs,
      signal,
    }: { readonly soon: boolean; readonly sinceMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    const { length } = sight.rows;
    if (length > 0) {
      await this.#wake(signal);
      const isBusy = sight.complete && length >= busyRows && length >= busyPerMs * sinceMs;
      return isBusy ? this.#wait(busyEveryMs, signal) : undefined;
    }
    const isAlive = performance.now() - this.#activeAt < aliveMs;
    if (isAlive) return this.#wait(aliveEveryMs, signal);
    if (sight.waiting || soon) return this.#wait(heldEveryMs, signal);
    if (!this.#usable) return this.#wait(Math.min(this.#parts.pollMs, unwokenEveryMs), signal);
    if (this.#state === 'awake') return this.#doze(signal);
    if (sight.xmin <= this.#openBefore) return this.#wait(heldEveryMs, signal);
    return this.#sleep(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
    if (this.#state === 'awake' || this.#parts.session.broken) return;
    await this.#set('0', AbortSignal.timeout(testPatienceMs));
  }

  async #wake(signal: AbortSignal): Promise<void> {
    this.#activeAt = performance.now();
    // What rang has been seen, or is by the next look.
    this.#notified = false;
    if (this.#state !== 'awake') await this.#set('0', signal);
    this.#state = 'awake';
  }

  async #doze(signal: AbortSignal): Promise<void> {
    await this.#ask(signal);
    this.#openBefore = await markNow(this.#parts.session, { signal });
    this.#state = 'dozing';
  }

  async #sleep(signal: AbortSignal): Promise<void> {
    await this.#ask(signal);
    this.#state = 'asleep';
    await this.#wait(this.#parts.pollMs, signal);
    this.#sleptUnwoken = !this.#notified;
    if (this.#notified) this.#activeAt = performance.now();
    this.#notified = false;
  }

  /** Asks to be woken, for a little longer than until we ask again. */
  async #ask(signal: AbortSignal): Promise<void> {
    const seconds = Math.ceil((2 * this.#parts.pollMs) / 1000) + 2;
    await this.#set(`${clockSeconds} + ${seconds}`, signal);
  }

  async #set(value: string, signal: AbortSignal): Promise<void> {
    const { session, layout } = this.#parts;
    await session.query(`SELECT ${setRegister(layout.asleep, value)}`, undefined, {
      signal,
    });
  }

  #judge(sight: Sight): void {
    if (!this.#usable) return;
    if (sight.processId !== this.#parts.session.processId) {
      this.#giveUp('a connection pooler gives each of our statements another server session');
      return;
    }
    if (this.#sleptUnwoken && sight.rows.length > 0) this.#losses += 1;
    else if (sight.rows.length > 0) this.#losses = 0;
    this.#sleptUnwoken = false;
    if (this.#losses >= lossesToGiveUp) this.#giveUp('notifications get lost on their way');
  }

  #giveUp(reason: string): void {
    this.#usable = false;
    const everyMs = Math.min(this.#parts.pollMs, unwokenEveryMs);
    this.#parts.pool.notice({
      kind: 'waiting',
      message: `the change log is looked at every ${everyMs} ms while nothing happens, because ${reason}`,
    });
  }

  async #mayPrepare(signal: AbortSignal): Promise<boolean> {
    const { rows } = await this.#parts.session.query<{ many: number }>(
      `SELECT pg_catalog.current_setting('max_prepared_transactions')::int4 AS many`,
      undefined,
      { signal },
    );
    return (rows[0]?.many ?? 0) > 0;
  }

  async #wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (this.#notified) return;
    const rung = new AbortController();
    this.#ring = () => rung.abort(isRung);
    try {
      await sleep(milliseconds, undefined, { signal: AbortSignal.any([signal, rung.signal]) });
    } catch (thrown) {
      if (signal.aborted) throw interrupted(signal);
      if (!rung.signal.aborted) throw thrown;
    } finally {
      this.#ring = null;
    }
  }
}
