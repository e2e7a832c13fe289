import { type LockstepError, toLockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import type { FeedItem } from '../../../../../protocol/feed.ts';
import type { Position } from '../../../../../protocol/names.ts';
import type { Assembler } from '../decode/assembler.ts';
import { timeAt } from '../decode/field-reader.ts';
import { MessageSplitter } from '../decode/message-splitter.ts';
import type { PgOutputDecoder } from '../decode/pgoutput-decoder.ts';
import type { Lsn } from '../lsn.ts';
import type { ItemQueue } from './item-queue.ts';
import type { ReplicationConnection, StreamReceiver } from './replication-connection.ts';
import { statusUpdate } from './status-update.ts';

export interface StreamParts {
  readonly connection: ReplicationConnection;
  readonly decoder: PgOutputDecoder;
  readonly assembler: Assembler;
  readonly queue: ItemQueue;
  readonly byteBudget: number;
  /** Of a message above it only the key is told. */
  readonly maxRowBytes: number;
  /** Durable at the destination. */
  readonly acknowledged: () => Lsn;
  /** How often the server must hear of us. */
  readonly statusMs: number;
  /** After so long without a byte the server is asked for one. */
  readonly quietMs: number;
}

const xLogData = 0x77; // 'w'
const keepalive = 0x6b; // 'k'
const firstAskAgainMs = 10;
/** Of XLogData: type, start, end, clock. */
const dataHeadBytes = 25;

interface Message {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** Else only its beginning was kept. */
  readonly isWhole: boolean;
}

/**
 * One run of a stream: takes what the socket brings, gives items as they are asked for. Above the byte budget the socket is paused; the
 * server hears of us all the same, so it neither ends the stream nor forgets anything. While a transaction is told from disk, what comes
 * behind it waits.
 */
export class LogicalStream implements StreamReceiver, Disposable {
  readonly #parts: StreamParts;
  readonly #splitter: MessageSplitter;
  readonly #timer: NodeJS.Timeout;
  readonly #waiting: Message[] = [];
  #writtenHigh = 0;
  #writtenLow = 0;
  #reported: Lsn = 0n;
  /** Somebody waits to hear that the stream has come so far. */
  #wanted: Lsn = 0n;
  #askAgainMs = firstAskAgainMs;
  #askAgain: NodeJS.Timeout | null = null;
  #failure: LockstepError | null = null;
  #paused = false;
  #isStopped = false;
  #wake: (() => void) | null = null;
  #quickUpdate: NodeJS.Timeout | null = null;
  /** Bytes are expected while it is set. */
  #watch: Disposable | null;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#splitter = new MessageSplitter({
      take: (bytes, start, end) => {
        if (parts.decoder.replay === null) this.#take(bytes, start, end);
        else this.#waiting.push({ bytes, start, end, isWhole: true });
      },
      takeHead: (bytes, start, end) => {
        if (parts.decoder.replay === null) this.#takeHead(bytes, start, end);
        else this.#waiting.push({ bytes, start, end, isWhole: false });
      },
      limitBytes: parts.maxRowBytes,
    });
    this.#watch = parts.connection.watch();
    this.#timer = setInterval(() => this.#tick(), parts.statusMs);
  }

  onCopyData(piece: Buffer): void {
    try {
      this.#splitter.push(piece);
      this.#parts.assembler.flush();
      this.#pauseAbove();
      this.#notify();
    } catch (thrown) {
      this.onEnd(toLockstepError(thrown));
    }
  }

  onEnd(error: LockstepError): void {
    this.#failure ??= error;
    this.#notify();
  }

  /** Something more is durable: told within a moment, together with what else becomes durable in it. */
  acknowledged(): void {
    this.#quickUpdate ??= setTimeout(() => {
      this.#quickUpdate = null;
      if (this.#parts.acknowledged() > this.#reported) this.#report(false);
    }, 50);
  }

  /** Somebody waits for this: a server with nothing to tell says how far it is only when it is asked. */
  want(lsn: Lsn): void {
    if (lsn <= this.#wanted) return;
    this.#wanted = lsn;
    this.#askAgainMs = firstAskAgainMs;
    this.#parts.assembler.want(lsn);
    this.#notify();
    if (this.#isAwaited) this.#report(true);
  }

  /** The server answers with what is on its disk; what we want may come there a moment later. */
  #askSoon(): void {
    if (!this.#isAwaited) return;
    this.#askAgain ??= setTimeout(() => {
      this.#askAgain = null;
      if (this.#isAwaited) this.#report(true);
    }, this.#askAgainMs);
    this.#askAgainMs = Math.min(this.#parts.statusMs, 2 * this.#askAgainMs);
  }

  get #isAwaited(): boolean {
    return this.#wanted > this.#written && !this.#paused && this.#failure === null;
  }

  /** An item that belongs between two transactions. */
  interject(make: (at: Position) => FeedItem): void {
    this.#parts.assembler.interject(make);
    this.#notify();
  }

  /** Ends `items`. */
  stop(): void {
    this.#isStopped = true;
    this.#notify();
  }

  /** Throws when the stream broke, after everything that came was taken. */
  async *items(): AsyncGenerator<FeedItem> {
    while (!this.#isStopped) {
      const item = this.#parts.queue.take();
      this.#resumeBelow();
      if (item !== undefined) yield item;
      else if (this.#parts.decoder.replay !== null) yield* this.#replayed();
      else if (this.#failure !== null) throw this.#failure;
      else await this.#news();
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#quickUpdate !== null) clearTimeout(this.#quickUpdate);
    if (this.#askAgain !== null) clearTimeout(this.#askAgain);
    if (this.#failure === null) this.#report(false);
    this.#watch?.[Symbol.dispose]();
    this.#watch = null;
  }

  #take(bytes: Buffer, start: number, end: number): void {
    if (bytes[start] === xLogData) {
      this.#parts.decoder.take(bytes, start + dataHeadBytes, end);
      this.#noteWritten(bytes, start + 1);
    } else if (bytes[start] === keepalive) this.#takeKeepalive(bytes, start);
  }

  /** Only rows are so large. */
  #takeHead(bytes: Buffer, start: number, end: number): void {
    if (bytes[start] !== xLogData) return;
    this.#parts.decoder.takeHead(bytes, start + dataHeadBytes, end);
    this.#noteWritten(bytes, start + 1);
  }

  #takeKeepalive(bytes: Buffer, start: number): void {
    const lsn = bytes.readBigUInt64BE(start + 1);
    this.#noteWritten(bytes, start + 1);
    this.#parts.assembler.keepalive({ lsn, atMs: timeAt(bytes, start + 9) });
    if (bytes[start + 17] === 1) this.#report(false);
    this.#askSoon();
  }

  /** For each message: without a BigInt, as long as nobody asks. */
  #noteWritten(bytes: Buffer, at: number): void {
    const high = bytes.readUInt32BE(at);
    const low = bytes.readUInt32BE(at + 4);
    if (high < this.#writtenHigh || (high === this.#writtenHigh && low <= this.#writtenLow)) return;
    this.#writtenHigh = high;
    this.#writtenLow = low;
  }

  get #written(): Lsn {
    return (BigInt(this.#writtenHigh) << 32n) | BigInt(this.#writtenLow);
  }

  /** A committed transaction from disk, then what came meanwhile. */
  async *#replayed(): AsyncGenerator<FeedItem> {
    const { decoder, assembler, queue } = this.#parts;
    if (decoder.replay === null) return;
    await using spilled = decoder.replay.spilled;
    for await (const _ of spilled.read((...record) => decoder.take(...record))) {
      for (let item = queue.take(); item !== undefined; item = queue.take()) yield item;
      if (this.#isStopped) return;
    }
    decoder.endReplay();
    assembler.flush();
    while (this.#waiting.length > 0 && decoder.replay === null) {
      const message = this.#waiting.shift();
      if (message === undefined) break;
      const { bytes, start, end, isWhole } = message;
      if (isWhole) this.#take(bytes, start, end);
      else this.#takeHead(bytes, start, end);
    }
    assembler.flush();
  }

  #tick(): void {
    this.#parts.assembler.tick();
    if (!this.#parts.queue.isEmpty) this.#notify();
    const quietMs = performance.now() - this.#parts.connection.lastByteAt;
    this.#report(this.#isAwaited || (quietMs > this.#parts.quietMs && !this.#paused));
  }

  #report(wantsReply: boolean): void {
    const flushed = this.#parts.acknowledged();
    this.#reported = flushed;
    this.#parts.connection.send(
      statusUpdate({ written: this.#written, flushed }, { atMs: Date.now(), wantsReply }),
    );
  }

  #pauseAbove(): void {
    const isFull = this.#parts.queue.bytes > this.#parts.byteBudget || this.#parts.decoder.replay !== null;
    if (this.#paused || !isFull) return;
    this.#paused = true;
    this.#watch?.[Symbol.dispose]();
    this.#watch = null;
    this.#parts.connection.pause();
  }

  #resumeBelow(): void {
    const isFull =
      this.#parts.queue.bytes > this.#parts.byteBudget / 2 || this.#parts.decoder.replay !== null;
    if (!this.#paused || isFull) return;
    this.#paused = false;
    this.#watch = this.#parts.connection.watch();
    this.#parts.connection.resume();
  }

  async #news(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
