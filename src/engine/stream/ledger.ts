import type { Epoch, Position, Shard } from '../../protocol/names.ts';

/** How long a boundary without changes may wait to be saved: an idle source moves on too, and each save is a write at the destination. */
const keepaliveMs = 1_000;

export interface Applied {
  readonly position: Position;
  readonly epoch: Epoch;
  readonly committedAtMs: number | null;
}

export interface Awaited {
  readonly shard: Shard;
  readonly reached: (at: Position) => boolean;
}

/** Where each shard stands: what is durable at the destination, and whether a bare boundary is worth saving now. Without I/O. */
export class Ledger {
  readonly #applied = new Map<Shard, Applied>();
  readonly #now: () => number;
  /** Who waits for a shard to come somewhere. */
  readonly #awaited = new Set<Awaited>();
  #savedAt = Number.NEGATIVE_INFINITY;

  constructor(positions: ReadonlyMap<Shard, Position>, now: () => number) {
    this.#now = now;
    for (const [shard, position] of positions)
      this.#applied.set(shard, { position, epoch: 0, committedAtMs: null });
  }

  get positions(): ReadonlyMap<Shard, Position> {
    return new Map([...this.#applied].map(([shard, { position }]) => [shard, position]));
  }

  of(shard: Shard): Applied | undefined {
    return this.#applied.get(shard);
  }

  get shards(): Iterable<Shard> {
    return this.#applied.keys();
  }

  /** It is durable now. */
  applied(shard: Shard, applied: Applied): void {
    const committedAtMs = applied.committedAtMs ?? this.#applied.get(shard)?.committedAtMs ?? null;
    this.#applied.set(shard, { ...applied, committedAtMs });
    this.#savedAt = this.#now();
  }

  /** Somebody waits for this: a boundary that is far enough is saved at once, until what is returned is disposed of. */
  awaits(awaited: Awaited): Disposable {
    this.#awaited.add(awaited);
    return { [Symbol.dispose]: () => void this.#awaited.delete(awaited) };
  }

  /** How long this boundary without changes should still wait, in milliseconds; 0: it is saved now. */
  keepaliveDueInMs(shard: Shard, boundary: Position): number {
    for (const awaited of this.#awaited) if (awaited.shard === shard && awaited.reached(boundary)) return 0;
    return Math.max(0, this.#savedAt + keepaliveMs - this.#now());
  }
}
