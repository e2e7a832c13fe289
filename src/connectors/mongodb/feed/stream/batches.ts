import type { BarrierEvent, FeedChange } from '../../../../protocol/change.ts';
import type { FeedItem } from '../../../../protocol/feed.ts';
import { type ClusterTime, millisecondsOf } from '../../cluster-time.ts';
import { encodePosition } from '../../position.ts';

/** A replica set has one order of changes. */
export const shard = 'main';
export const epoch = 1;

/** A batch is cut here; the parts of a larger transaction have no boundary. */
const batchChanges = 2_000;
const batchBytes = 1024 * 1024;

/** Right behind an event, or behind a part of the log without any for us. */
export interface Place {
  readonly time: ClusterTime;
  readonly token: Uint8Array;
}

interface EventPlace extends Place {
  readonly atMs: number;
}

/**
 * Puts changes together into batches that end where no transaction does not:
 *
 * | what comes                                | what it does                                                       |
 * |-------------------------------------------|--------------------------------------------------------------------|
 * | an event of another time than the last    | what came before it is complete                                    |
 * | a change                                  | joins the open group; at the limit all is given out, the group without boundary |
 * | a barrier                                 | all is given out, then the barrier; a group of its own             |
 * | the end of a reply                        | what is complete is given out, and what is not, without boundary   |
 * | the end of a reply behind the last event  | all is complete, up to where the reply ends                        |
 */
export class Batches {
  readonly #identity: string;
  readonly #items: FeedItem[] = [];
  #changes: FeedChange[] = [];
  #bytes = 0;
  /** How many of the changes belong to complete groups, and their bytes. */
  #complete = 0;
  #completeBytes = 0;
  #boundary: EventPlace | null = null;
  /** The last event of a group that may go on. */
  #open: EventPlace | null = null;
  #toldTime: ClusterTime;
  #toldMs = 0;

  constructor({ identity, from }: { readonly identity: string; readonly from: ClusterTime }) {
    this.#identity = identity;
    this.#toldTime = from;
  }

  /** More of the last transaction may come. */
  get isOpen(): boolean {
    return this.#open !== null;
  }

  /** An event came, whether it says something to us or not. */
  enter(place: EventPlace): void {
    if (this.#open !== null && this.#open.time !== place.time) this.#close(this.#open);
    this.#open = place;
  }

  add(change: FeedChange, bytes: number): void {
    this.#changes.push(change);
    this.#bytes += bytes;
    if (this.#changes.length >= batchChanges || this.#bytes >= batchBytes) this.#giveAll();
  }

  /** Of the event that was entered last. `isWithin`: more of its transaction may come, so that it is no place to stop. */
  barrier(collections: readonly string[], event: BarrierEvent, { isWithin = false } = {}): void {
    this.#giveAll();
    const open = isWithin ? null : this.#open;
    const boundary = open === null ? null : this.#positionOf(open);
    if (open !== null) this.#toldTime = open.time;
    this.#items.push({ kind: 'barrier', shard, collections, event, boundary });
  }

  /** `isSettled`: nothing more of the last event's transaction can come. */
  end({ token, time }: Place, { isSettled }: { readonly isSettled: boolean }): void {
    if (this.#open !== null && (isSettled || time > this.#open.time)) this.#close(this.#open);
    if (this.#open === null) this.#close({ time, token, atMs: this.#boundary?.atMs ?? millisecondsOf(time) });
    this.#giveAll();
  }

  takeItems(): readonly FeedItem[] {
    return this.#items.splice(0);
  }

  #close(place: EventPlace): void {
    this.#open = null;
    this.#complete = this.#changes.length;
    this.#completeBytes = this.#bytes;
    this.#boundary = place;
  }

  #giveComplete(): void {
    const boundary = this.#boundary;
    this.#boundary = null;
    if (boundary === null || (this.#complete === 0 && boundary.time <= this.#toldTime)) return;
    const isAll = this.#complete === this.#changes.length;
    const changes = isAll ? this.#changes : this.#changes.slice(0, this.#complete);
    this.#changes = isAll ? [] : this.#changes.slice(this.#complete);
    this.#bytes -= this.#completeBytes;
    this.#give(changes, { boundary, bytes: this.#completeBytes });
    this.#complete = 0;
    this.#completeBytes = 0;
    this.#toldTime = boundary.time;
  }

  #giveAll(): void {
    this.#giveComplete();
    if (this.#changes.length === 0) return;
    const changes = this.#changes;
    const bytes = this.#bytes;
    this.#changes = [];
    this.#bytes = 0;
    this.#give(changes, { boundary: null, bytes });
  }

  #give(
    changes: readonly FeedChange[],
    { boundary, bytes }: { readonly boundary: EventPlace | null; readonly bytes: number },
  ): void {
    // The source's clock, which is known to the second where no event tells it, does not go back.
    this.#toldMs = Math.max(this.#toldMs, boundary?.atMs ?? this.#open?.atMs ?? 0);
    const position = boundary === null ? null : this.#positionOf(boundary);
    const committedAtMs = this.#toldMs;
    this.#items.push({ kind: 'batch', shard, epoch, changes, boundary: position, committedAtMs, bytes });
  }

  #positionOf({ time, token }: Place): string {
    return encodePosition({ identity: this.#identity, time, token });
  }
}
