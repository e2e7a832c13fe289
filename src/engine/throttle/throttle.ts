import { setTimeout as delay } from 'node:timers/promises';
import { toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { LoadReading } from '../../protocol/writer.ts';
import { Pace } from './pace.ts';

export interface ThrottleParts {
  /** Looks at the destination; null: nobody asked for it, and nothing is ever held back. */
  readonly load: ((signal: AbortSignal) => Promise<readonly LoadReading[]>) | null;
  /** Told whenever the pace has changed. */
  readonly tell: (pace: { readonly share: number; readonly reason: string }) => void;
  /** How often the load is looked at. */
  readonly lookEveryMs: number;
}

/** A rest is taken in pieces, since it may become shorter while it lasts. */
const pieceMs = 50;

/** Makes everything that works at a destination rest in between while that destination is busy. One for all lanes of a pipeline. */
export class Throttle implements AsyncDisposable {
  readonly #parts: ThrottleParts;
  readonly #pace = new Pace();
  readonly #stop = new AbortController();
  readonly #looking: Promise<void>;

  constructor(parts: ThrottleParts) {
    this.#parts = parts;
    this.#looking = parts.load === null ? Promise.resolve() : this.#look(parts.load);
  }

  /** Does a piece of work, then rests for as long as the pace wants. `ends`: no rest is worth it any more. */
  async paced<Result>(ends: readonly AbortSignal[], work: () => Promise<Result>): Promise<Result> {
    const beganAt = performance.now();
    const result = await work();
    const worked = performance.now() - beganAt;
    const restedAt = performance.now();
    const isOwed = (): boolean => performance.now() - restedAt < worked * this.#pace.rest;
    while (isOwed() && !ends.some(({ aborted }) => aborted)) await delay(pieceMs);
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#looking;
  }

  async #look(load: NonNullable<ThrottleParts['load']>): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const reason = await busyBecause(load, signal);
      if (signal.aborted) return;
      if (reason !== null && this.#pace.looked(reason !== ''))
        this.#parts.tell({ share: this.#pace.share, reason });
      await delay(this.#parts.lookEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Empty: it is not busy. Null: it can't be asked just now, which the work itself will notice. */
async function busyBecause(
  load: NonNullable<ThrottleParts['load']>,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const readings = await load(signal);
    return readings
      .filter(({ isBusy }) => isBusy)
      .map(({ text }) => text)
      .join(', ');
  } catch (thrown) {
    const error = toLockstepError(thrown);
    // Whoever wants to spare a destination would rather have us slow than blind.
    return error.class === 'transient' ? null : `its load can’t be read: ${error.message}`;
  }
}
