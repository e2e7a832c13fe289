import { toError } from '../../protocol/errors/lockstep-error.ts';
import type { Feed, FeedCollection } from '../../protocol/feed.ts';
import type { Position, Shard } from '../../protocol/names.ts';
import type { Intake } from './intake.ts';
import { Signal } from './signal.ts';

export interface PumpParts {
  readonly feed: Feed;
  readonly intake: Intake;
  /** Of the window that is being written. */
  readonly inHandBytes: () => number;
  readonly collections: readonly FeedCollection[];
  readonly byteBudget: number;
  /** Fires when something has come, or when the feed ended. */
  readonly arrived: Signal;
}

/** Reads a feed into the intake, no faster than it is taken from there. One per opening of the feed. */
export class Pump implements AsyncDisposable {
  readonly #parts: PumpParts;
  readonly #stop = new AbortController();
  readonly #taken = new Signal();
  readonly #running: Promise<void>;
  #ended: { readonly error: Error | null } | null = null;

  constructor(parts: PumpParts, resume: ReadonlyMap<Shard, Position>) {
    this.#parts = parts;
    this.#running = this.#run(resume);
  }

  /** Null: it runs. An error of null: it was stopped. */
  get ended(): { readonly error: Error | null } | null {
    return this.#ended;
  }

  /** There is room again. */
  taken(): void {
    this.#taken.fire();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the feed is closed'));
    await this.#running;
  }

  async #run(resume: ReadonlyMap<Shard, Position>): Promise<void> {
    const { feed, intake, collections, byteBudget, arrived, inHandBytes } = this.#parts;
    const { signal } = this.#stop;
    try {
      for await (const item of feed.open(resume, { collections, byteBudget, signal })) {
        intake.add(item);
        arrived.fire();
        while (intake.isFull(inHandBytes()) && !signal.aborted) await this.#taken.next(signal);
        if (signal.aborted) break;
      }
      this.#ended = { error: signal.aborted ? null : new Error('the feed ended by itself') };
    } catch (thrown) {
      this.#ended = { error: signal.aborted ? null : toError(thrown) };
    }
    arrived.fire();
  }
}
