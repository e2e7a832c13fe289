import { isLockstepError, toLockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import type { FeedItem } from '../../../../../protocol/feed.ts';
import type { SessionPool } from '../../../session/pool.ts';
import type { Session } from '../../../session/session.ts';
import type { CaptureRequest } from '../capture-request.ts';
import { headFrom } from '../head.ts';
import { afterTransaction, comparePositions, encodePosition, type LogPosition } from '../position.ts';
import type { SetupContext } from '../setup/mend-capture.ts';
import { prepareCapture } from '../setup/prepare.ts';
import { CatalogWatch } from './catalog-watch.ts';
import { GapLedger } from './gap-ledger.ts';
import type { LogEmptier } from './log-emptier.ts';
import { lostHistory } from './lost-history.ts';
import { markNow } from './mark.ts';
import { readSettings } from './page.sql.ts';
import { fetchPage, type LogPage } from './read-page.ts';
import { Sleeper } from './sleeper.ts';
import { tellPage } from './tell-page.ts';

export interface FollowRequest {
  readonly pool: SessionPool;
  readonly context: SetupContext;
  readonly captures: readonly CaptureRequest[];
  readonly identity: string;
  readonly shard: string;
  readonly resume: LogPosition;
  readonly emptier: LogEmptier;
  readonly pollMs: number;
  readonly byteBudget: number;
  readonly signal: AbortSignal;
}

const fewestRows = 10;
const mostRows = 5_000;
const firstRows = 1_000;
/** Of a touch, and of its row while it is read, before we know better. */
const usualRowBytes = 1_024;
/** What the server says when something of the log is gone, altered, or not ours to use. */
const meansDamage = ['collection-gone', 'shape-changed', 'permission-denied'] as const;
const keepaliveEveryMs = 500;
/** Looks in a row that found damage and nothing to mend. */
const mostFruitless = 3;

/** Tells what is in the log, for ever; throws when aborted. */
export async function* followLog(request: FollowRequest): AsyncGenerator<FeedItem> {
  const { pool, context, signal } = request;
  await using session = await pool.open({ signal });
  await session.execute(readSettings, { signal });
  await using sleeper = new Sleeper({ ...request, session, layout: context.layout });
  const watch = new CatalogWatch({ pool, session, context, requests: request.captures });
  const follower = new LogFollower(request, { session, sleeper, watch });
  yield* follower.follow();
}

interface Tools {
  readonly session: Session;
  readonly sleeper: Sleeper;
  readonly watch: CatalogWatch;
}

class LogFollower {
  readonly #request: FollowRequest;
  readonly #tools: Tools;
  readonly #gaps = new GapLedger();
  #at: LogPosition;
  #lastGap: LogPosition | null = null;
  #limit: number;
  #saidAt = Number.NEGATIVE_INFINITY;
  #fruitless = 0;

  constructor(request: FollowRequest, tools: Tools) {
    this.#request = request;
    this.#tools = tools;
    this.#at = request.resume;
    const fitting = Math.floor(request.byteBudget / usualRowBytes);
    this.#limit = Math.max(fewestRows, Math.min(firstRows, fitting));
  }

  async *follow(): AsyncGenerator<FeedItem> {
    let isReady = false;
    for (;;) {
      try {
        if (!isReady) await this.#tools.sleeper.prepare(this.#request.signal);
        isReady = true;
        yield* this.#tellForEver();
      } catch (thrown) {
        await this.#makeAnew(thrown);
      }
    }
  }

  async *#tellForEver(): AsyncGenerator<FeedItem> {
    const { signal } = this.#request;
    const { session, sleeper, watch } = this.#tools;
    for (;;) {
      await this.#lookAround();
      const page = await fetchPage(session, this.#pageRequest(), { signal });
      this.#fruitless = 0;
      if (page.rows.some(({ capture }) => !watch.readings.has(capture))) await watch.look(signal);
      yield* this.#tell(page);
      await sleeper.rest(page, { soon: this.#gaps.isWaiting, signal });
    }
  }

  async *#tell(page: LogPage): AsyncGenerator<FeedItem> {
    const { identity, shard, signal } = this.#request;
    const lost = lostHistory(this.#at, { ...page, identity });
    if (lost !== null) return yield await this.#tellLoss(lost);
    const verdict = this.#gaps.see(this.#at.gap, page, this.#isSettled());
    if (verdict === 'tell') return yield this.#tellGap(page, this.#gaps.take());
    if (verdict === 'mark') this.#gaps.mark(await markNow(this.#tools.session, { signal }));
    const end = this.#endOf(page);
    if (page.rows.length > 0) {
      const telling = { shard, epoch: 0, from: this.#at, end, readings: this.#tools.watch.readings };
      yield* tellPage(page.rows, telling);
      this.#adapt(page);
    } else if (performance.now() - this.#saidAt >= keepaliveEveryMs) yield this.#keepalive(page, end);
    this.#at = end;
    if (page.rows.length > 0) this.#saidAt = performance.now();
  }

  #keepalive(page: LogPage, end: LogPosition): FeedItem {
    this.#saidAt = performance.now();
    const { shard } = this.#request;
    const boundary = encodePosition(end);
    return { kind: 'batch', shard, epoch: 0, changes: [], boundary, committedAtMs: page.clockMs, bytes: 0 };
  }

  /** Behind all transactions that are over, where the page tells the last of their rows. Never back. */
  #endOf(page: LogPage): LogPosition {
    const last = page.rows.at(-1);
    const whole = { ...this.#at, xid: page.xmin - 1n, seq: afterTransaction };
    if (page.complete) return comparePositions(whole, this.#at) > 0 ? whole : this.#at;
    return last === undefined ? this.#at : { ...this.#at, xid: last.xid, seq: last.seq };
  }

  /** What the gap covers is walked, so the rows that are left of it need not be told. */
  #tellGap(page: LogPage, gap: bigint): FeedItem {
    const to = { ...this.#at, xid: page.xmin - 1n, seq: afterTransaction, gap };
    return this.#jump(
      to,
      'changes could not be logged: the log was full, locked, or somebody took rows out of it',
    );
  }

  async #tellLoss(reason: string): Promise<FeedItem> {
    const { pool, context, identity, signal } = this.#request;
    const { position } = await headFrom(pool, { layout: context.layout, identity, signal });
    return this.#jump(position, reason);
  }

  #jump(to: LogPosition, reason: string): FeedItem {
    const gap = {
      shard: this.#request.shard,
      from: encodePosition(this.#at),
      to: encodePosition(to),
      reason,
    };
    this.#at = to;
    this.#lastGap = to;
    return { kind: 'gap', gap, collections: null };
  }

  #isSettled(): boolean {
    if (this.#lastGap !== null && this.#request.emptier.isEmptied(this.#lastGap)) this.#lastGap = null;
    return this.#lastGap === null;
  }

  /** What was emptied can't explain another file any more, so the catalogue is looked at before. */
  async #lookAround(): Promise<void> {
    const { emptier, signal } = this.#request;
    const { watch } = this.#tools;
    const upTo = emptier.due;
    if (upTo !== null || watch.isDue) await watch.look(signal);
    if (upTo !== null) emptier.start(upTo);
  }

  #pageRequest() {
    const { layout } = this.#request.context;
    return { layout, after: this.#at, limit: this.#limit };
  }

  /** So many rows that a page takes about a quarter of the budget: it is held as text, as rows and as changes. */
  #adapt(page: LogPage): void {
    const perRow = page.bytes / page.rows.length;
    const fitting = Math.floor(this.#request.byteBudget / 4 / (perRow + 200));
    this.#limit = Math.max(fewestRows, Math.min(mostRows, fitting, this.#limit * 2));
  }

  /** A log that is gone or was altered is made anew; that its epoch is another then tells the gap. */
  async #makeAnew(thrown: unknown): Promise<void> {
    const { pool, context, captures, signal } = this.#request;
    const error = toLockstepError(thrown);
    if (!meansDamage.some((code) => isLockstepError(error, code)) || this.#tools.session.broken) throw error;
    const steps = await prepareCapture(pool, {
      context,
      captures,
      signal,
      notice: (told) => pool.notice(told),
    });
    // Somebody else may have mended it meanwhile: then the next page says so.
    if (steps.length === 0) this.#fruitless += 1;
    if (this.#fruitless > mostFruitless) throw error;
  }
}
