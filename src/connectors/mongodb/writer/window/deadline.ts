import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { WriterLimits } from '../../../../protocol/writer.ts';
import type { Deployment } from '../../session/deployment.ts';

/**
 * Of a window's transaction. The server ends one after a minute (`transactionLifetimeLimitSeconds`), and keeps all that it writes in its
 * cache until then; what is larger than an oplog entry it splits. Larger than those of a copy: what was one transaction at the source should
 * be one here.
 */
export const windowLimits: WriterLimits = { operations: 50_000, bytes: 32 * 1024 * 1024, seconds: 30 };

/**
 * How long a transaction may take. It is looked at between commands: their own limit, `maxTimeMS`, does not end one that is in a transaction.
 * One that took too long is told from one that others stood in the way of, since it must be torn.
 */
export class Deadline {
  readonly #deployment: Deployment;
  readonly #seconds: number;
  readonly #endsAtMs: number;

  constructor(deployment: Deployment, seconds: number) {
    this.#deployment = deployment;
    this.#seconds = seconds;
    this.#endsAtMs = performance.now() + seconds * 1000;
  }

  check(): void {
    if (performance.now() <= this.#endsAtMs) return;
    const detail = `a window took longer than ${this.#seconds} s`;
    throw new LockstepError('statement-timeout', { address: this.#deployment.endpoint.address, detail });
  }
}
