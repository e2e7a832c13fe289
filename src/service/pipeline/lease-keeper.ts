import { setTimeout as delay } from 'node:timers/promises';
import type { ControlStore, Lease } from '../../protocol/control-store.ts';
import type { ErrorCode } from '../../protocol/errors/catalogue.ts';
import { LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { Fence } from '../../protocol/names.ts';

export interface LeaseSettings {
  readonly durationMs: number;
  /** Stable name of this engine instance and process. */
  readonly owner: string;
  /** Somebody else had it when we first asked. */
  readonly wasWaitedFor: boolean;
  /** What the destination has seen, after a control store was lost or restored: the fence will be higher. */
  readonly atLeast: Fence;
}

/** Of its duration: it is renewed after a third, and given up when four fifths are over, so that what is under way ends before it does. */
const renewAfter = 1 / 3;
const giveUpAfter = 4 / 5;
const tryAgainMs = 100;

/**
 * Holds a pipeline's lease while work is under way, and releases it at the end. `signal` aborts when it is lost: with `fence-lost` when
 * another has it, with `lease-unrenewed` when the store did not answer for so long that another may soon have it; the destination refuses
 * what is still on its way. Counted by our own clock from the moment in which the store was asked, so never longer than the store counts.
 */
export class LeaseKeeper implements AsyncDisposable {
  readonly #store: ControlStore;
  readonly #settings: LeaseSettings;
  readonly #lost = new AbortController();
  readonly #over = new AbortController();
  #lease: Lease;
  /** When the store was asked for what we have. */
  #askedAt: number;
  #failure = 'it does not answer';
  #isHeardOut = false;
  #watch: NodeJS.Timeout | undefined;

  private constructor(
    store: ControlStore,
    settings: LeaseSettings,
    taken: { readonly lease: Lease; readonly askedAt: number },
  ) {
    this.#store = store;
    this.#settings = settings;
    this.#lease = taken.lease;
    this.#askedAt = taken.askedAt;
    // The store may have taken long to answer; the first renewal follows at once then.
    this.#watchFor(Math.max(this.#graceMs, this.#remainingMs));
    void this.#keep();
  }

  /** `lease-held` when another owner has it. */
  static async take(store: ControlStore, pipeline: string, settings: LeaseSettings): Promise<LeaseKeeper> {
    const { owner, durationMs, atLeast } = settings;
    reach('lease.take.before');
    const askedAt = performance.now();
    const lease = await store.leases.acquire({ pipeline, owner, durationMs, atLeast });
    if (lease === null) throw await heldBy(store, pipeline);
    reach('lease.take.after');
    return new LeaseKeeper(store, settings, { lease, askedAt });
  }

  get fence(): number {
    return this.#lease.fence;
  }

  get wasWaitedFor(): boolean {
    return this.#settings.wasWaitedFor;
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const wasLost = this.#lost.signal.aborted;
    this.#end();
    if (wasLost) return;
    reach('lease.release.before');
    await this.#release();
    reach('lease.release.after');
  }

  /** To a store that is away now it can't be given back: there it runs out by itself. */
  async #release(): Promise<void> {
    try {
      await this.#store.leases.release(this.#lease);
    } catch (thrown) {
      if (toLockstepError(thrown).class !== 'transient') throw thrown;
    }
  }

  get #graceMs(): number {
    return this.#settings.durationMs * (1 - giveUpAfter);
  }

  get #remainingMs(): number {
    return this.#askedAt + this.#settings.durationMs * giveUpAfter - performance.now();
  }

  async #keep(): Promise<void> {
    const { durationMs } = this.#settings;
    while (!this.#over.signal.aborted) {
      await this.#sleep(this.#askedAt + durationMs * renewAfter - performance.now());
      while (!this.#over.signal.aborted && !(await this.#renewed())) await this.#sleep(tryAgainMs);
    }
  }

  async #sleep(ms: number): Promise<void> {
    const { signal } = this.#over;
    await delay(Math.max(0, ms), undefined, { signal, ref: false }).catch(() => undefined);
  }

  /** False: it may be had another time. */
  async #renewed(): Promise<boolean> {
    const askedAt = performance.now();
    try {
      const renewed = await this.#store.leases.renew(this.#lease, this.#settings.durationMs);
      if (renewed === null) this.#lose(new LockstepError('fence-lost', { pipeline: this.#lease.pipeline }));
      else this.#extend(renewed, askedAt);
      return true;
    } catch (thrown) {
      const error = toLockstepError(thrown);
      this.#failure = error.message;
      if (error.class !== 'transient') this.#lose(error);
      return false;
    }
  }

  #extend(lease: Lease, askedAt: number): void {
    this.#lease = lease;
    this.#askedAt = askedAt;
    this.#isHeardOut = false;
    this.#watchFor(this.#remainingMs);
  }

  #watchFor(ms: number): void {
    clearTimeout(this.#watch);
    if (this.#over.signal.aborted) return;
    this.#watch = setTimeout(() => this.#expire(), Math.max(0, ms)).unref();
  }

  /**
   * Who was paused for longer than its lease finds everything due at once: then the store is asked once who owns the pipeline now, before
   * anything is said about it.
   */
  #expire(): void {
    const wasPaused = this.#remainingMs < -this.#graceMs && !this.#isHeardOut;
    this.#isHeardOut = wasPaused;
    if (wasPaused) this.#watchFor(this.#graceMs);
    else this.#lose(this.#unrenewed());
  }

  #unrenewed(): LockstepError {
    return new LockstepError('lease-unrenewed', { pipeline: this.#lease.pipeline, detail: this.#failure });
  }

  #lose(error: LockstepError): void {
    if (this.#over.signal.aborted) return;
    this.#end();
    this.#lost.abort(error);
  }

  #end(): void {
    clearTimeout(this.#watch);
    this.#over.abort();
  }
}

/** Another owns the pipeline now, or may by the time we could say it: what became of our work is not ours to write down. */
export const mayBeAnothers = (code: ErrorCode): boolean =>
  code === 'fence-lost' || code === 'lease-unrenewed' || code === 'store-unreachable';

async function heldBy(store: ControlStore, pipeline: string): Promise<LockstepError> {
  const lease = await store.leases.get(pipeline);
  const remainingMs = lease === null ? 0 : lease.expiresAtMs - (await store.nowMs());
  const seconds = Math.max(0, Math.ceil(remainingMs / 1000));
  return new LockstepError('lease-held', { pipeline, owner: lease?.owner ?? 'somebody', seconds });
}
