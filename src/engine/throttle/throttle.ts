import { toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { LoadReading } from '../../protocol/writer.ts';
import { every } from '../pipeline/every.ts';
import { Pace } from './pace.ts';

type Load = (signal: AbortSignal) => Promise<readonly LoadReading[]>;

export interface ThrottleParts {
  /** Looks at the destination; null: nobody asked for it, and nothing is ever held back. */
  readonly load: Load | null;
  /** Told whenever the pace has changed. */
  readonly tell: (pace: { readonly share: number; readonly reason: string }) => void;
  /** How often the load is looked at. */
  readonly lookEveryMs: number;
  readonly clock: ThrottleClock;
}

/** In milliseconds. */
export interface ThrottleClock {
  now(): number;
  pause(milliseconds: number): Promise<unknown>;
}

/** A longer rest is taken in pieces, since it may become shorter while it lasts. */
const pieceMs = 50;

/** Makes everything that works at a destination rest in between while that destination is busy. One for all lanes of a pipeline. */
export class Throttle implements AsyncDisposable {
  readonly #parts: ThrottleParts;
  readonly #pace = new Pace();
  readonly #stop = new AbortController();
  readonly #looking: Promise<void>;

  constructor(parts: ThrottleParts) {
    this.#parts = parts;
    const { load, lookEveryMs } = parts;
    const { signal } = this.#stop;
    this.#looking =
      load === null ? Promise.resolve() : every(lookEveryMs, signal, () => this.#look(load, signal));
  }

  /** Does a piece of work, then rests for as long as the pace wants. `ends`: no rest is worth it any more. */
  async paced<Result>(ends: readonly AbortSignal[], work: () => Promise<Result>): Promise<Result> {
    const { clock } = this.#parts;
    const beganAt = clock.now();
    const result = await work();
    const endedAt = clock.now();
    const owed = (): number => endedAt + (endedAt - beganAt) * this.#pace.rest - clock.now();
    for (let left = owed(); left > 0 && !ends.some(({ aborted }) => aborted); left = owed())
      await clock.pause(Math.min(left, pieceMs));
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#looking;
  }

  async #look(load: Load, signal: AbortSignal): Promise<void> {
    const reason = await busyBecause(load, signal);
    if (signal.aborted || reason === null) return;
    if (this.#pace.looked(reason !== '')) this.#parts.tell({ share: this.#pace.share, reason });
  }
}

/** Empty: it is not busy. Null: it can't be asked just now, which the work itself will notice. */
async function busyBecause(load: Load, signal: AbortSignal): Promise<string | null> {
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
