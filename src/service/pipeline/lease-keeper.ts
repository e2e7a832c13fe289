import type { ControlStore, Lease } from '../../protocol/control-store.ts';
import { LockstepError, toError } from '../../protocol/errors/lockstep-error.ts';
import { reach } from '../../protocol/failpoints.ts';

export interface LeaseSettings {
  readonly durationMs: number;
  /** Stable name of this engine instance and process. */
  readonly owner: string;
  /** Somebody else had it when we first asked. */
  readonly wasWaitedFor: boolean;
  /** What the destination has seen, after a control store was lost or restored: the fence will be higher. */
  readonly atLeast: Fence;
}

import type { Fence } from '../../protocol/names.ts';

/**
 * Holds a pipeline's lease while work is under way: renewed at a third of its duration, released at the end. When it is lost, `signal`
 * aborts with `fence-lost`; the destination refuses what is still on its way.
 */
export class LeaseKeeper implements AsyncDisposable {
  readonly #store: ControlStore;
  readonly #settings: LeaseSettings;
  readonly #lost = new AbortController();
  #lease: Lease;
  #timer: NodeJS.Timeout | undefined;

  private constructor(store: ControlStore, settings: LeaseSettings, lease: Lease) {
    this.#store = store;
    this.#settings = settings;
    this.#lease = lease;
    this.#schedule();
  }

  /** `lease-held` when another owner has it. */
  static async take(store: ControlStore, pipeline: string, settings: LeaseSettings): Promise<LeaseKeeper> {
    const { owner, durationMs, atLeast } = settings;
    reach('lease.take.before');
    const lease = await store.leases.acquire({ pipeline, owner, durationMs, atLeast });
    if (lease === null) throw await heldBy(store, pipeline);
    reach('lease.take.after');
    return new LeaseKeeper(store, settings, lease);
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
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lost.signal.aborted) return;
    reach('lease.release.before');
    await this.#store.leases.release(this.#lease);
    reach('lease.release.after');
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#renew(), this.#settings.durationMs / 3);
    this.#timer.unref();
  }

  #renew(): void {
    this.#store.leases
      .renew(this.#lease, this.#settings.durationMs)
      .then((renewed) => this.#renewed(renewed))
      .catch((thrown: unknown) => this.#lost.abort(toError(thrown)));
  }

  #renewed(renewed: Lease | null): void {
    if (renewed === null) {
      this.#lost.abort(new LockstepError('fence-lost', { pipeline: this.#lease.pipeline }));
      return;
    }
    this.#lease = renewed;
    if (this.#timer !== undefined) this.#schedule();
  }
}

async function heldBy(store: ControlStore, pipeline: string): Promise<LockstepError> {
  const lease = await store.leases.get(pipeline);
  const seconds = Math.max(0, Math.ceil(((lease?.expiresAtMs ?? 0) - Date.now()) / 1000));
  return new LockstepError('lease-held', { pipeline, owner: lease?.owner ?? 'somebody', seconds });
}
