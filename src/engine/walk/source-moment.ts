import { isLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Reader, ReadSnapshot } from '../../protocol/reader.ts';

/**
 * The moment of the source that a pass reads. When its connection is lost the moment is gone; the next piece of work opens another, and
 * `generation` tells the pass that what it read before must be compared again.
 */
export class SourceMoment implements AsyncDisposable {
  readonly #reader: Pick<Reader, 'snapshot'>;
  #current: Promise<ReadSnapshot> | null = null;
  #generation = 0;

  constructor(reader: Pick<Reader, 'snapshot'>) {
    this.#reader = reader;
  }

  get generation(): number {
    return this.#generation;
  }

  /** The generation of what is read from now on, as long as the moment is not lost. */
  get upcoming(): number {
    return this.#current === null ? this.#generation + 1 : this.#generation;
  }

  /** Works in the current moment. A moment that proves lost is given up, so that a retry of `work` gets a new one. */
  async read<Result>(
    signal: AbortSignal,
    work: (snapshot: ReadSnapshot) => Promise<Result>,
  ): Promise<Result> {
    const opened = this.#open(signal);
    try {
      return await work(await opened);
    } catch (thrown) {
      if (isLockstepError(thrown, 'snapshot-lost')) await this.#giveUp(opened);
      throw thrown;
    }
  }

  /** The same for rows that arrive in pieces. */
  async *stream<Item>(
    signal: AbortSignal,
    open: (snapshot: ReadSnapshot) => AsyncIterable<Item>,
  ): AsyncIterable<Item> {
    const opened = this.#open(signal);
    try {
      yield* open(await opened);
    } catch (thrown) {
      if (isLockstepError(thrown, 'snapshot-lost')) await this.#giveUp(opened);
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = this.#current;
    this.#current = null;
    if (opened !== null) await closeQuietly(opened);
  }

  #open(signal: AbortSignal): Promise<ReadSnapshot> {
    if (this.#current !== null) return this.#current;
    this.#generation += 1;
    const opened = this.#reader.snapshot({ signal });
    this.#current = opened;
    opened.catch(() => {
      if (this.#current === opened) this.#current = null;
    });
    return opened;
  }

  async #giveUp(lost: Promise<ReadSnapshot>): Promise<void> {
    if (this.#current !== lost) return;
    this.#current = null;
    await closeQuietly(lost);
  }
}

/** The moment is of no use any more: that it can't be closed in order either says nothing new. */
async function closeQuietly(opened: Promise<ReadSnapshot>): Promise<void> {
  const [result] = await Promise.allSettled([opened]);
  if (result.status === 'fulfilled') await Promise.allSettled([result.value[Symbol.asyncDispose]()]);
}
