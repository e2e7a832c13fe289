import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ControlStore, FencedBy, Lease } from '../../protocol/control-store.ts';
import { isOfDeadProcess } from '../pipeline/owner-name.ts';
import { alertsKey } from './alert-memory.ts';

/** Longer than looks are apart. */
const leastMs = 15_000;

/** Whose turn it is to tell a pipeline's alerts: taken when it is free, given back at the end, never waited for. */
export class AlertLease {
  readonly #store: ControlStore;
  readonly #key: string;
  readonly #durationMs: number;
  readonly #owner = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`;
  #lease: Lease | null = null;

  constructor(store: ControlStore, pipeline: string, lookEveryMs: number) {
    this.#store = store;
    this.#key = alertsKey(pipeline);
    this.#durationMs = Math.max(leastMs, 3 * lookEveryMs);
  }

  /** Null: it is somebody else's. `isNew`: what is known has to be read again. */
  async hold(): Promise<{ readonly by: FencedBy; readonly isNew: boolean } | null> {
    const held = this.#lease;
    if (held !== null) {
      this.#lease = await this.#store.leases.renew(held, this.#durationMs);
      if (this.#lease !== null) return { by: this.#by(this.#lease), isNew: false };
    }
    this.#lease = (await this.#acquire()) ?? (await this.#acquireOfDead());
    return this.#lease === null ? null : { by: this.#by(this.#lease), isNew: true };
  }

  /** Null: it is not held now. */
  get by(): FencedBy | null {
    return this.#lease === null ? null : this.#by(this.#lease);
  }

  async release(): Promise<void> {
    const held = this.#lease;
    this.#lease = null;
    if (held !== null) await this.#store.leases.release(held);
  }

  #acquire(): Promise<Lease | null> {
    const [pipeline, owner, durationMs] = [this.#key, this.#owner, this.#durationMs];
    return this.#store.leases.acquire({ pipeline, owner, durationMs });
  }

  async #acquireOfDead(): Promise<Lease | null> {
    // What this machine knows of its processes says nothing about an owner on another.
    const held = this.#store.isShared ? null : await this.#store.leases.get(this.#key);
    if (held === null || !isOfDeadProcess(held)) return null;
    await this.#store.leases.release(held);
    return await this.#acquire();
  }

  #by({ fence }: Lease): FencedBy {
    return { pipeline: this.#key, fence };
  }
}
