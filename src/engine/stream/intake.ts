import type { FeedChange, Gap } from '../../protocol/change.ts';
import type { FeedItem } from '../../protocol/feed.ts';
import type { Position, Shard } from '../../protocol/names.ts';
import type { TornWindows } from './lanes/torn-windows.ts';
import { Window } from './window.ts';

export type Barrier = FeedItem & { readonly kind: 'barrier' };

/** What is next to be done for a shard, in order. */
export type Work = { readonly kind: 'window'; readonly window: Window } | Told;

/** What a feed tells beside changes, and perhaps only once. */
export type Told =
  | { readonly kind: 'barrier'; readonly barrier: Barrier }
  | { readonly kind: 'gap'; readonly gap: Gap; readonly collections: readonly string[] | null };

type Batch = FeedItem & { readonly kind: 'batch' };

export interface IntakeLimits {
  /** Changes, and bytes, after which a window takes no further transaction. */
  readonly windowChanges: number;
  readonly windowBytes: number;
  /** A source transaction above these is written in pieces. */
  readonly transactionChanges: number;
  readonly transactionBytes: number;
  /** What may wait here. */
  readonly readAheadBytes: number;
}

export interface IntakeOptions {
  readonly now: () => number;
  /** What a row of a collection takes that has to be read. */
  readonly sizeOf: (collection: string) => number;
  /** Called when a window takes no more changes. */
  readonly sealed?: () => void;
  /** Windows of which some lanes were done: what comes again of one is given out as a whole. */
  readonly torn?: {
    readonly windows: Pick<TornWindows, 'until' | 'end'>;
    readonly isBefore: (shard: Shard, a: Position, b: Position) => boolean;
  };
}

type Held = Pick<Window, 'changes' | 'memoryBytes' | 'beganAt'>;

/** What was told once is told again at once. */
const mostHeldMs = 30_000;

/**
 * Turns what a feed tells into windows, without I/O. A window grows by whole source transactions until it is taken or large enough; what
 * has come of a transaction that is not complete waits beside it. A transaction above the limits is given out in torn pieces, of which only
 * the last has a boundary. Barriers and gaps come between windows, in order.
 */
export class Intake {
  readonly #limits: IntakeLimits;
  readonly #now: () => number;
  readonly #sizeOf: (collection: string) => number;
  readonly #sealed: () => void;
  readonly #torn: IntakeOptions['torn'];
  readonly #ready: Work[] = [];
  /** Whole transactions that nobody took yet: always the newest of all that is ready. */
  #whole: Window | null = null;
  /** What has come of a transaction that is not complete. */
  #partial: Window | null = null;
  #tears = false;

  constructor(limits: IntakeLimits, { now, sizeOf, sealed = () => undefined, torn }: IntakeOptions) {
    this.#limits = limits;
    this.#now = now;
    this.#sizeOf = sizeOf;
    this.#sealed = sealed;
    this.#torn = torn;
  }

  /** The next one, if it is a window to which nothing is added any more. */
  get nextSealed(): Window | null {
    const [next] = this.#ready;
    return next?.kind === 'window' ? next.window : null;
  }

  /**
   * Nothing more should be read from the feed now. `inHandBytes`: of the window that is being written. Without one, and without anything
   * to take, a transaction that is not complete must go on, or it never would be.
   */
  isFull(inHandBytes: number): boolean {
    if (!this.hasWork && inHandBytes === 0) return false;
    let bytes = (this.#whole?.memoryBytes ?? 0) + (this.#partial?.memoryBytes ?? 0);
    for (const work of this.#ready) if (work.kind === 'window') bytes += work.window.memoryBytes;
    const { readAheadBytes } = this.#limits;
    const isAhead = this.hasWork && (bytes >= readAheadBytes || this.#ready.length >= 4);
    return isAhead || bytes + inHandBytes >= readAheadBytes + this.#largestPiece;
  }

  get hasWork(): boolean {
    return this.#ready.length > 0 || (this.#whole !== null && !this.#isHeld(this.#whole));
  }

  add(item: FeedItem): void {
    switch (item.kind) {
      case 'batch':
        this.#addWeighed(item);
        return;
      case 'barrier':
        // Inside a transaction the pieces around it are torn: what stands before it must be done before it.
        if (this.#partial !== null) this.#tear();
        this.#seal();
        this.#ready.push({ kind: 'barrier', barrier: item });
        if (item.boundary === null) this.#tears = true;
        return;
      case 'gap':
        this.#partial = null;
        this.#tears = false;
        this.#seal();
        this.#ready.push({ kind: 'gap', gap: item.gap, collections: item.collections });
        return;
      case 'revoked':
        this.clear();
    }
  }

  /** What is next, or null. A window that is given out takes no more changes. */
  take(): Work | null {
    const next = this.#ready.shift();
    if (next !== undefined) return next;
    if (this.#whole === null || this.#isHeld(this.#whole)) return null;
    const window = this.#whole;
    this.#whole = null;
    return { kind: 'window', window };
  }

  /** Forgets all that was not taken: the feed is opened again where the destination stands. Returns what it may not tell again. */
  clear(): readonly Told[] {
    const told = this.#ready.splice(0).filter((work) => work.kind !== 'window');
    this.#whole = null;
    this.#partial = null;
    this.#tears = false;
    return told;
  }

  #addBatch(batch: Batch, toRead: number): void {
    const { shard, epoch, changes, bytes, boundary, committedAtMs } = batch;
    if (changes.length === 0 && boundary === null) return;
    const isDirect = boundary !== null && this.#partial === null && !this.#tears;
    const into = isDirect
      ? (this.#whole ?? new Window({ shard, epoch, beganAt: this.#now() }))
      : (this.#partial ?? new Window({ shard, epoch, beganAt: this.#now() }));
    into.add(changes, bytes, bytes + toRead);
    into.committedAtMs = committedAtMs ?? into.committedAtMs;
    if (boundary === null) {
      this.#partial = into;
      if (this.#isTooLarge(into) && !this.#staysWhole(into)) this.#tear();
      return;
    }
    into.boundary = boundary;
    if (isDirect) this.#whole = into;
    else this.#complete(into);
    if (this.#whole !== null && this.#isWholeEnough(this.#whole)) this.#seal();
  }

  /** A batch of keys whose rows would not fit is taken apart. */
  #addWeighed(batch: Batch): void {
    const { changes, bytes, boundary } = batch;
    const toRead = this.#toRead(changes);
    const share = (bytes + toRead) / this.#limits.transactionBytes;
    if (toRead === 0 || share <= 1) {
      this.#addBatch(batch, toRead);
      return;
    }
    // Rounded up, so that each piece but the last is as large as one that is written by itself.
    const length = Math.ceil(changes.length / share);
    for (let from = 0; from < changes.length; from += length) {
      const piece = changes.slice(from, from + length);
      const part = piece.length / changes.length;
      const isLast = from + length >= changes.length;
      const weighed = { ...batch, changes: piece, bytes: bytes * part, boundary: isLast ? boundary : null };
      this.#addBatch(weighed, toRead * part);
    }
  }

  /** Keys alone are small; their rows come into memory with the window. */
  #toRead(changes: readonly FeedChange[]): number {
    let bytes = 0;
    for (const { kind, collection } of changes) if (kind === 'touch') bytes += this.#sizeOf(collection);
    return bytes;
  }

  #complete(transaction: Window): void {
    this.#partial = null;
    if (this.#tears) {
      transaction.torn = true;
      this.#tears = false;
      this.#seal();
      this.#give(transaction);
      return;
    }
    if (this.#whole === null) this.#whole = transaction;
    else this.#whole.append(transaction);
  }

  #isWholeEnough(window: Window): boolean {
    const { changes, memoryBytes } = window;
    const isLarge = changes >= this.#limits.windowChanges || memoryBytes >= this.#limits.windowBytes;
    return isLarge && !this.#isHeld(window);
  }

  /** It ends before the torn window does. One that does not end within bounds is no history that we have written. */
  #isHeld(window: Window): boolean {
    const { shard, boundary } = window;
    return boundary !== null && this.#endsWithin(shard, boundary) && !this.#isEndless(shard, window);
  }

  /** A transaction of the torn window, which came whole before: its pieces would let what stands before them step back. */
  #staysWhole({ shard, changes, memoryBytes, beganAt }: Window): boolean {
    const whole = this.#whole;
    if (whole !== null && whole.boundary !== null && !this.#endsWithin(shard, whole.boundary)) return false;
    if ((this.#torn?.windows.until(shard) ?? null) === null) return false;
    return !this.#isEndless(shard, {
      changes: changes + (whole?.changes ?? 0),
      memoryBytes: memoryBytes + (whole?.memoryBytes ?? 0),
      beganAt: whole?.beganAt ?? beganAt,
    });
  }

  /** Before the end of a torn window. */
  #endsWithin(shard: Shard, boundary: Position): boolean {
    const until = this.#torn?.windows.until(shard) ?? null;
    return this.#torn !== undefined && until !== null && this.#torn.isBefore(shard, boundary, until);
  }

  #isEndless(shard: Shard, { changes, memoryBytes, beganAt }: Held): boolean {
    const { transactionBytes, transactionChanges, windowChanges } = this.#limits;
    const isEndless =
      memoryBytes >= 2 * transactionBytes ||
      changes >= 2 * Math.max(transactionChanges, windowChanges) ||
      this.#now() - beganAt > mostHeldMs;
    if (isEndless) this.#torn?.windows.end(shard);
    return isEndless;
  }

  #isTooLarge({ changes, memoryBytes }: Window): boolean {
    return changes >= this.#limits.transactionChanges || memoryBytes >= this.#largestPiece;
  }

  /** What is torn already gains nothing by large pieces, each of which is in memory two or three times on its way. */
  get #largestPiece(): number {
    const { transactionBytes, windowBytes } = this.#limits;
    return this.#tears ? Math.min(transactionBytes, windowBytes) : transactionBytes;
  }

  /** Gives out what has come of the transaction, behind the whole ones before it. */
  #tear(): void {
    const piece = this.#partial;
    if (piece === null) return;
    this.#seal();
    piece.torn = true;
    this.#give(piece);
    this.#partial = null;
    this.#tears = true;
  }

  #give(window: Window): void {
    this.#ready.push({ kind: 'window', window });
    this.#sealed();
  }

  #seal(): void {
    if (this.#whole === null) return;
    this.#give(this.#whole);
    this.#whole = null;
  }
}
