import type { FeedItem } from '../../../../../protocol/feed.ts';

/** So many places of items that were taken are given up at once. */
const mostTaken = 64;

/** Items that were decoded and not taken, with their size. What was taken is forgotten, also while the queue never runs empty. */
export class ItemQueue {
  #items: FeedItem[] = [];
  #next = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#next === this.#items.length;
  }

  put(item: FeedItem): void {
    const last = this.#items.at(-1);
    // Keepalives that nobody takes do not pile up: the newer one says all.
    if (this.#next < this.#items.length && last !== undefined && isKeepalive(last) && isKeepalive(item))
      this.#items[this.#items.length - 1] = item;
    else this.#items.push(item);
    this.#bytes += sizeOf(item);
  }

  take(): FeedItem | undefined {
    const item = this.#items[this.#next];
    if (item === undefined) return undefined;
    this.#next += 1;
    this.#bytes -= sizeOf(item);
    if (this.#next === this.#items.length || this.#next === mostTaken) {
      this.#items = this.#items.slice(this.#next);
      this.#next = 0;
    }
    return item;
  }
}

const sizeOf = (item: FeedItem): number => (item.kind === 'batch' ? item.bytes : 0);

const isKeepalive = (item: FeedItem): boolean =>
  item.kind === 'batch' && item.changes.length === 0 && item.boundary !== null;
