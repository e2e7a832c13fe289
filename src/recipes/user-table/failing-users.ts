import { type Database, toError } from '../../index.ts';
import type { Log } from '../program/log.ts';
import { statusFilter } from './configuration.ts';

/** Users come and go more slowly. */
const countEveryMs = 60_000;
const countWithinMs = 60_000;
const afterFailureMs = 5_000;

export interface FailingUsersOptions {
  readonly source: Database;
  readonly statuses: readonly string[];
  readonly log: Log;
}

/**
 * The share of users that fail: those that can't be synchronised, of all that belong in the chat. Who fails is remembered by the engine, whatever
 * process works, and counts until that user is right, however many passes and restarts go by. All are counted at the marketplace, and only
 * while somebody fails.
 */
export class FailingUsers implements AsyncDisposable {
  readonly #options: FailingUsersOptions;
  #failing = 0;
  /** Null: not known yet. */
  #all: number | null = null;
  #counting: Promise<void> | null = null;
  #dueAt = Number.NEGATIVE_INFINITY;

  constructor(options: FailingUsersOptions) {
    this.#options = options;
  }

  /** From 0 to 1; 0 until all were counted once. */
  get share(): number {
    if (this.#failing === 0 || this.#all === null) return 0;
    return Math.min(1, this.#failing / Math.max(1, this.#all));
  }

  /** `failing`: how many the engine remembers. Counts all beside the caller when that is due. */
  look(failing: number, { signal }: { readonly signal: AbortSignal }): void {
    this.#failing = failing;
    if (failing === 0 || this.#counting !== null || performance.now() < this.#dueAt) return;
    this.#counting = this.#count(signal).finally(() => {
      this.#counting = null;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#counting;
  }

  async #count(stop: AbortSignal): Promise<void> {
    const { source, statuses, log } = this.#options;
    const signal = AbortSignal.any([stop, AbortSignal.timeout(countWithinMs)]);
    try {
      const [counted] = await source.query<{ all: number }>(
        `SELECT count(*)::int AS "all" FROM public.users WHERE ${statusFilter(statuses)}`,
        undefined,
        { signal },
      );
      this.#all = counted?.all ?? null;
      this.#dueAt = performance.now() + countEveryMs;
    } catch (thrown) {
      // What was counted before stands; that the marketplace is away is said by whoever needs it more.
      log('DEBUG', 'The users of the marketplace could not be counted', { error: toError(thrown).message });
      this.#dueAt = performance.now() + afterFailureMs;
    }
  }
}
