import type { BarrierEvent, ChangeMeta, FeedChange } from '../../../../../protocol/change.ts';
import type { FeedItem } from '../../../../../protocol/feed.ts';
import type { Position } from '../../../../../protocol/names.ts';
import type { Lsn } from '../lsn.ts';
import { formatPosition } from '../position.ts';

/** A database has one order of changes. */
export const shard = 'main';
export const epoch = 1;

/** A batch is cut here; the parts of a larger transaction have no boundary. */
const batchChanges = 2_000;
const batchBytes = 1024 * 1024;
const keepaliveMs = 1_000;

interface Boundary {
  readonly lsn: Lsn;
  readonly atMs: number;
}

export interface AssemblerOptions {
  /** The identity that positions carry. */
  readonly source: string;
  /** Nothing at or before it is told. */
  readonly from: Lsn;
  readonly emit: (item: FeedItem) => void;
  readonly now: () => number;
}

/**
 * Puts changes together into batches:
 *
 * | what comes          | what it does                                                               |
 * |---------------------|----------------------------------------------------------------------------|
 * | change              | joins the open transaction's; at the limit all is emitted, it without boundary |
 * | commit              | the open transaction's changes join the complete ones, which end at it      |
 * | end of a read       | the complete ones are emitted with the last commit as boundary              |
 * | barrier             | all is emitted, then the barrier                                            |
 * | keepalive           | outside of a transaction: a boundary without changes, at most once a second, |
 * |                     | but at once when it is as far as somebody waits for                        |
 */
export class Assembler {
  readonly #options: AssemblerOptions;
  #changes: FeedChange[] = [];
  #bytes = 0;
  /** How many of the changes belong to complete transactions, and their bytes. */
  #complete = 0;
  #completeBytes = 0;
  #boundary: Boundary | null = null;
  #last: Lsn;
  #open: ChangeMeta | null = null;
  /** Something of the open transaction was emitted already. */
  #begun = false;
  #keepalive: Boundary | null = null;
  #interjections: ((at: Position) => FeedItem)[] = [];
  #keepaliveAtMs = Number.NEGATIVE_INFINITY;
  #wanted: Lsn = 0n;

  constructor(options: AssemblerOptions) {
    this.#options = options;
    this.#last = options.from;
  }

  begin(meta: ChangeMeta): void {
    this.#open = meta;
    this.#begun = false;
  }

  add(change: FeedChange, bytes: number): void {
    this.#changes.push(change);
    this.#bytes += bytes;
    if (this.#changes.length >= batchChanges || this.#bytes >= batchBytes) this.#flushAll();
  }

  commit(boundary: Boundary): void {
    const isEmpty = this.#changes.length === this.#complete && !this.#begun;
    this.#open = null;
    this.#begun = false;
    if (isEmpty) this.keepalive(boundary);
    else this.#close(boundary);
    this.#interject();
  }

  barrier(collections: readonly string[], event: BarrierEvent): void {
    this.#flushAll();
    this.#begun = true;
    this.#options.emit({ kind: 'barrier', shard, collections, event, boundary: null });
  }

  /** Everything before it was told, if no transaction is open. */
  keepalive(boundary: Boundary): void {
    if (this.#open === null && boundary.lsn > this.#last) this.#keepalive = boundary;
    this.tick();
  }

  /** Emits what is complete. */
  flush(): void {
    if (this.#boundary === null) return;
    const { lsn, atMs } = this.#boundary;
    const changes =
      this.#complete === this.#changes.length ? this.#changes : this.#changes.slice(0, this.#complete);
    this.#changes = this.#complete === this.#changes.length ? [] : this.#changes.slice(this.#complete);
    this.#emit(changes, { lsn, atMs, bytes: this.#completeBytes });
    this.#bytes -= this.#completeBytes;
    this.#complete = 0;
    this.#completeBytes = 0;
    this.#boundary = null;
  }

  /** Somebody waits to hear that everything before it was told. */
  want(lsn: Lsn): void {
    this.#wanted = lsn;
    this.tick();
  }

  /** A keepalive that came too soon after another is told later. */
  tick(): void {
    if (this.#keepalive === null || this.#open !== null) return;
    const now = this.#options.now();
    const { lsn, atMs } = this.#keepalive;
    const isAwaited = this.#wanted > this.#last && lsn >= this.#wanted;
    if (now - this.#keepaliveAtMs < keepaliveMs && !isAwaited) return;
    this.flush();
    this.#keepalive = null;
    if (lsn <= this.#last) return;
    this.#keepaliveAtMs = now;
    this.#last = lsn;
    this.#emit([], { lsn, atMs, bytes: 0 });
  }

  /** An item that belongs between two transactions, made with the place where that is. */
  interject(make: (at: Position) => FeedItem): void {
    this.#interjections.push(make);
    if (this.#open === null) this.#interject();
  }

  #close(boundary: Boundary): void {
    this.#complete = this.#changes.length;
    this.#completeBytes = this.#bytes;
    this.#boundary = boundary;
    this.#last = boundary.lsn;
  }

  #interject(): void {
    if (this.#interjections.length === 0) return;
    this.flush();
    const at = formatPosition({ source: this.#options.source, lsn: this.#last });
    for (const make of this.#interjections.splice(0)) this.#options.emit(make(at));
  }

  #flushAll(): void {
    this.flush();
    if (this.#changes.length === 0) return;
    const changes = this.#changes;
    const bytes = this.#bytes;
    this.#changes = [];
    this.#bytes = 0;
    this.#begun = true;
    this.#emit(changes, { lsn: null, atMs: this.#open?.committedAtMs ?? null, bytes });
  }

  #emit(
    changes: readonly FeedChange[],
    { lsn, atMs, bytes }: { readonly lsn: Lsn | null; readonly atMs: number | null; readonly bytes: number },
  ): void {
    const boundary = lsn === null ? null : formatPosition({ source: this.#options.source, lsn });
    this.#options.emit({ kind: 'batch', shard, epoch, changes, boundary, committedAtMs: atMs, bytes });
  }
}
