import type { Position } from '../../../protocol/names.ts';
import type { ClusterTime } from '../cluster-time.ts';
import { readIdentity } from '../identity.ts';
import { encodePosition } from '../position.ts';
import type { Deployment } from '../session/deployment.ts';

/**
 * How far a reader has looked: all that its lookups have shown is at or before it. Replies of reads at majority name the newest time that a majority
 * had when they were sent (`operationTime`), and that of another member may be older.
 */
export class Shown {
  readonly #deployment: Deployment;
  #time: ClusterTime | null = null;
  #identity: string | null = null;

  constructor(deployment: Deployment) {
    this.#deployment = deployment;
  }

  readonly note = (time: ClusterTime): void => {
    if (this.#time === null || time > this.#time) this.#time = time;
  };

  /** As the deployment's feed has it; null: nothing was read yet, or the server has no times. */
  async position(options: { readonly signal: AbortSignal }): Promise<Position | null> {
    if (this.#time === null) return null;
    this.#identity ??= (await readIdentity(this.#deployment, options)).id;
    return encodePosition({ identity: this.#identity, time: this.#time, token: null });
  }
}
