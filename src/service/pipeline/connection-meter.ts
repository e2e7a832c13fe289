import type { ConnectionCount } from '../../protocol/connector.ts';

const tellEveryMs = 1_000;

export interface Connected {
  readonly open: number;
  /** The most at one time since it was told last. */
  readonly inUse: number;
}

/**
 * Counts connections to one side, whichever work of this engine they are open for, and tells once a second at most what is new. They come
 * and go too often to be told each.
 */
export class ConnectionMeter {
  readonly #tell: (connected: Connected) => void;
  readonly #shares = new Set<Record<keyof Connected, number>>();
  #timer: NodeJS.Timeout | undefined;
  #most = 0;
  #told: Connected = { open: 0, inUse: 0 };

  constructor(tell: (connected: Connected) => void) {
    this.#tell = tell;
  }

  /** The count of one piece of work. Once it is disposed its connections are closed, or on their way. */
  share(): ConnectionCount & Disposable {
    const share = { open: 0, inUse: 0 };
    this.#shares.add(share);
    this.#timer ??= setInterval(() => this.#look(), tellEveryMs).unref();
    return {
      open: (by) => {
        share.open += by;
      },
      inUse: (by) => {
        share.inUse += by;
        this.#most = Math.max(this.#most, this.#sum('inUse'));
      },
      [Symbol.dispose]: () => this.#end(share),
    };
  }

  /** What remains of others is told in its time. */
  #end(share: Record<keyof Connected, number>): void {
    this.#shares.delete(share);
    if (this.#shares.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#most = 0;
    this.#look();
  }

  #sum(count: keyof Connected): number {
    return this.#shares.values().reduce((sum, share) => sum + share[count], 0);
  }

  #look(): void {
    const now = { open: this.#sum('open'), inUse: this.#most };
    this.#most = this.#sum('inUse');
    if (now.open === this.#told.open && now.inUse === this.#told.inUse) return;
    this.#told = now;
    this.#tell(now);
  }
}
