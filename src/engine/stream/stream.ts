import { toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { FeedCollection, FeedItem } from '../../protocol/feed.ts';
import type { Position, Shard } from '../../protocol/names.ts';
import type { AlternativeBook } from './alternative-book.ts';
import type { AppliedWindow } from './applied-window.ts';
import type { Applier, Touches } from './applier.ts';
import type { StreamContext } from './context.ts';
import { type Barrier, Intake, type Told, type Work } from './intake.ts';
import type { TornWindows } from './lanes/torn-windows.ts';
import type { Ledger } from './ledger.ts';
import type { LetterBook } from './letter-book.ts';
import { Perseverance, type Trouble } from './persevere.ts';
import { Pump } from './pump.ts';
import type { RowSizes } from './row-sizes.ts';
import { Signal } from './signal.ts';
import type { TakenTouches, TouchQueue } from './touch-queue.ts';
import { Window } from './window.ts';

export interface StreamParts {
  readonly context: StreamContext;
  readonly applier: Applier;
  readonly ledger: Ledger;
  readonly letters: LetterBook;
  readonly alternatives: AlternativeBook;
  readonly touches: TouchQueue;
  readonly torn: TornWindows;
  /** Of rows that are read again. */
  readonly sizes: RowSizes;
  /** What the feed is asked for; looked at whenever it is opened. */
  readonly collections: () => readonly FeedCollection[];
  readonly trouble: Trouble;
  /** Fires whenever the destination has moved on. */
  readonly moved: Signal;
  /** Acts on a barrier or a gap; what it decides is durable when it returns, before the position moves on. */
  readonly onBarrier: (barrier: Barrier) => Promise<void>;
  readonly onGap: (gap: FeedItem & { readonly kind: 'gap' }) => Promise<void>;
  /** What was told and nobody has acted on yet; outlives the stream, because a feed that is opened again may not tell it again. */
  readonly owed: Set<Told>;
  /** Ends the stream after the window under way. */
  readonly stopping: AbortSignal;
}

/** Made once: an abort without a reason makes an exception with its stack each time. */
const isAwake = new Error('it is awake');

const touchesPerWindow = 2_000;
const windowBytes = 2 * 1024 * 1024;

/**
 * The loop of a live pipeline: takes what the feed has told, and keys to be touched, and brings them to the destination, one window after
 * the other. Each step is a piece of its own: `Intake` cuts windows, `Applier` writes them, `Ledger` knows where we stand.
 */
export class Stream {
  readonly #parts: StreamParts;
  readonly #intake: Intake;
  readonly #arrived = new Signal();
  readonly #source: Perseverance;
  /** A boundary without changes that is not saved yet. */
  #keepalive: Window | null = null;
  #reopen = false;
  #inHandBytes = 0;
  #isWriting = false;

  constructor(parts: StreamParts) {
    const { context, trouble, sizes, torn } = parts;
    const { settings, writer, feed } = context;
    this.#parts = parts;
    this.#source = new Perseverance(context, {
      what: 'read changes',
      trouble,
      hurry: () => parts.stopping,
      meanwhile: (over) => this.#touchUntil(over),
    });
    this.#intake = new Intake(
      {
        windowChanges: settings.stream.windowChanges,
        windowBytes,
        transactionChanges: writer.limits.operations,
        transactionBytes: Math.min(writer.limits.bytes, settings.stream.transactionBytes),
        readAheadBytes: settings.stream.readAheadBytes,
      },
      {
        now: () => performance.now(),
        sizeOf: sizes.of.bind(sizes),
        sealed: () => this.#lookAhead(),
        torn: { windows: torn, isBefore: (shard, a, b) => feed.order(shard, a, b) === 'before' },
      },
    );
  }

  /** Something outside changed: the loop looks again. */
  wake(): void {
    this.#arrived.fire();
  }

  /** The feed is opened again before the next window: what is captured has changed. */
  reopen(): void {
    this.#reopen = true;
    this.wake();
  }

  /** Until somebody stops it. */
  async run(): Promise<void> {
    const { stopping } = this.#parts;
    while (!stopping.aborted) {
      await this.#source.until(() => this.#runOnce().finally(() => this.#keepOwed()));
    }
  }

  /** One opening of the feed, from where the destination stands. Throws what ended it; returns when it is to be opened anew, or to stop. */
  async #runOnce(): Promise<void> {
    const { context, ledger, collections, stopping } = this.#parts;
    this.#keepalive = null;
    this.#reopen = false;
    for (const told of [...this.#parts.owed]) await this.#act(told);
    await using pump = new Pump(
      {
        feed: context.feed,
        intake: this.#intake,
        inHandBytes: () => this.#inHandBytes,
        collections: collections(),
        byteBudget: context.settings.stream.readAheadBytes,
        arrived: this.#arrived,
      },
      ledger.positions,
    );
    while (!stopping.aborted && !this.#reopen) {
      context.signal.throwIfAborted();
      const work = this.#intake.take();
      pump.taken();
      if (work === null && pump.ended !== null) throw toLockstepError(pump.ended.error);
      if (work !== null) this.#source.succeeded();
      if (!(await this.#step(work))) await this.#idle(pump);
    }
    await this.#flushKeepalive();
  }

  /** False: there was nothing to do. */
  async #step(work: Work | null): Promise<boolean> {
    if (work !== null && work.kind !== 'window') return await this.#pass(work);
    const taken = this.#takeTouches();
    if (work === null && taken.length === 0) return await this.#retry();
    if (work !== null && work.window.changes === 0 && taken.length === 0) {
      this.#keepalive = work.window;
      return true;
    }
    await this.#writeTouching(work?.window ?? null, taken);
    return true;
  }

  /**
   * While the feed can't be opened: what a walk found needs the source's rows and not its feed, and may be written as it may be beside a feed
   * that is open. What the feed has still to tell of these keys is a touch by their marks.
   */
  async #touchUntil(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const taken = this.#takeTouches();
      if (taken.length > 0) await this.#writeTouching(null, taken);
      else await this.#parts.touches.arrival(over).catch(() => undefined);
    }
  }

  #takeTouches(): readonly TakenTouches[] {
    const { touches, sizes } = this.#parts;
    return touches.take({ keys: touchesPerWindow, bytes: windowBytes, sizeOf: sizes.of.bind(sizes) });
  }

  async #writeTouching(window: Window | null, taken: readonly TakenTouches[]): Promise<void> {
    const { touches } = this.#parts;
    try {
      await this.#write(window, new Map(taken.map(({ collection, keys }) => [collection, keys])));
    } catch (thrown) {
      touches.putBack(taken);
      throw thrown;
    }
    touches.done(taken);
  }

  async #write(window: Window | null, touches: Touches): Promise<void> {
    const { context, applier, ledger } = this.#parts;
    const startedAt = performance.now();
    this.#inHandBytes = window?.memoryBytes ?? 0;
    const { throttle, signal } = context;
    const ends = [this.#parts.stopping, signal];
    const applied = await this.#whileWriting(() =>
      throttle.paced(ends, () => applier.apply(window, touches)),
    ).finally(() => {
      // Also of one that failed: else the feed that is opened again is taken for too far ahead, for ever.
      this.#inHandBytes = 0;
    });
    if (window?.boundary != null) {
      const { shard, epoch, boundary, committedAtMs } = window;
      this.#keepalive = null;
      ledger.applied(shard, { position: boundary, epoch, committedAtMs });
      reach('acknowledge.before');
      context.feed.acknowledge(shard, epoch, boundary);
      reach('acknowledge.after');
    }
    this.#parts.moved.fire();
    this.#tellApplied(window, applied, startedAt);
  }

  /** Keys with letters whose time has come. False: there are none. */
  async #retry(): Promise<boolean> {
    const startedAt = performance.now();
    const applied = await this.#parts.applier.retryDue();
    if (applied !== null) this.#tellApplied(null, applied, startedAt);
    return applied !== null;
  }

  #tellApplied(window: Window | null, { laned, ...applied }: AppliedWindow, startedAt: number): void {
    const { pipeline, events } = this.#parts.context;
    events.emit('window.applied', {
      pipeline,
      shard: window?.shard ?? '',
      changes: window?.changes ?? 0,
      ...applied,
      bytes: window?.bytes ?? 0,
      milliseconds: performance.now() - (window?.beganAt ?? startedAt),
      committedAtMs: window?.committedAtMs ?? null,
      torn: laned || (window?.torn ?? false),
    });
  }

  async #whileWriting<T>(write: () => Promise<T>): Promise<T> {
    this.#isWriting = true;
    // Once it is on its way.
    const later = setImmediate(() => this.#lookAhead());
    try {
      return await write();
    } finally {
      clearImmediate(later);
      this.#isWriting = false;
    }
  }

  #lookAhead(): void {
    const next = this.#isWriting ? this.#intake.nextSealed : null;
    if (next !== null) this.#parts.applier.foresee(next);
  }

  async #pass(told: Told): Promise<true> {
    await this.#act(told);
    const { shard } = told.kind === 'gap' ? told.gap : told.barrier;
    const to = told.kind === 'gap' ? told.gap.to : told.barrier.boundary;
    if (to !== null) await this.#moveTo(shard, to);
    return true;
  }

  async #act(told: Told): Promise<void> {
    const { context, owed, onBarrier, onGap } = this.#parts;
    owed.add(told);
    if (told.kind === 'gap') await onGap(told);
    else {
      const { collections, event } = told.barrier;
      context.events.emit('barrier', { pipeline: context.pipeline, collections, event });
      await onBarrier(told.barrier);
    }
    owed.delete(told);
  }

  #keepOwed(): void {
    for (const told of this.#intake.clear()) this.#parts.owed.add(told);
  }

  async #moveTo(shard: Shard, boundary: Position): Promise<void> {
    const epoch = this.#parts.ledger.of(shard)?.epoch ?? 0;
    const window = new Window({ shard, epoch, beganAt: performance.now() });
    window.boundary = boundary;
    await this.#write(window, new Map());
  }

  /** Waits for whatever may come: changes, touches, a retry that is due, a boundary that waits to be saved, the end. */
  async #idle(pump: Pump): Promise<void> {
    if (this.#keepaliveDueInMs() === 0) return await this.#flushKeepalive();
    const { context, touches, stopping } = this.#parts;
    // What came while we looked at other things has fired already.
    if (this.#intake.hasWork || touches.size > 0 || this.#reopen) return;
    const woken = new AbortController();
    const timer = setTimeout(() => this.#arrived.fire(), this.#waitMs());
    const stop = (): void => this.#arrived.fire();
    stopping.addEventListener('abort', stop, { once: true });
    const arrived = this.#arrived.next(context.signal);
    const touched = touches.arrival(woken.signal).catch(() => undefined);
    try {
      if (pump.ended === null && !stopping.aborted) await Promise.race([arrived, touched]);
    } finally {
      clearTimeout(timer);
      stopping.removeEventListener('abort', stop);
      woken.abort(isAwake);
      arrived.catch(() => undefined);
    }
  }

  #waitMs(): number {
    const { letters, alternatives, context } = this.#parts;
    if (alternatives.isDue) return 0;
    const due = letters.nextDueAtMs();
    const retryMs = due === null ? 60_000 : Math.max(1, due - context.clock.now());
    return Math.min(retryMs, this.#keepaliveDueInMs());
  }

  #keepaliveDueInMs(): number {
    const { shard, boundary = null } = this.#keepalive ?? {};
    if (shard === undefined || boundary === null) return Number.POSITIVE_INFINITY;
    return this.#parts.ledger.keepaliveDueInMs(shard, boundary);
  }

  async #flushKeepalive(): Promise<void> {
    const window = this.#keepalive;
    this.#keepalive = null;
    if (window !== null) await this.#write(window, new Map());
  }
}
