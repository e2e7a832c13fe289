import { type LockstepError, toLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { PipelineName } from '../../../../protocol/names.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import type { WindowPart as GivenPart, WindowWrite, WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { applyCarefully } from './careful-window.ts';
import { applyFast, canBeFast } from './fast-window.ts';
import { Foreseen, type ReadyWindow } from './foreseen.ts';
import { Hints, isAlike, nothingBelieved } from './hints.ts';
import { inOrder } from './in-order.ts';
import { partsOf, type WindowPart } from './window-part.ts';
import { WindowSessions } from './window-sessions.ts';
import { introduceShard } from './window-state.sql.ts';

/**
 * Writes windows: in one round trip where that goes through, which is nearly always; else in a transaction that looks at what it does
 * and tries other orders.
 */
export class WindowWriter implements AsyncDisposable {
  readonly #destination: Destination;
  readonly #sessions: WindowSessions;
  /** What the destination has, as far as we know: a number that did not change is not written again. */
  #letter: { readonly pipeline: PipelineName; readonly number: number } | null = null;

  readonly #hints = new Hints();
  readonly #foreseen = new Foreseen();
  /** Shards and lanes that have a row. */
  readonly #introduced = new Set<string>();

  constructor(destination: Destination) {
    this.#destination = destination;
    this.#sessions = new WindowSessions(destination.pool);
  }

  async apply(window: WindowWrite, options: WriteOptions): Promise<readonly (readonly Outcome[])[]> {
    const ready = this.#foreseen.take(window.parts);
    const parts = ready?.parts ?? partsOf(window.parts);
    const { pipeline } = options.lease;
    const letterKnown = this.#letter?.pipeline === pipeline && this.#letter.number === window.newestLetter;
    try {
      await this.#write({ window, parts, ready, letterKnown, options });
    } catch (thrown) {
      this.#letter = null;
      throw thrown;
    }
    this.#letter = { pipeline, number: window.newestLetter };
    return outcomesOf(window, parts);
  }

  /** Makes ready what will most likely be asked for next. */
  foresee(given: readonly GivenPart[]): void {
    this.#foreseen.foresee(given, (parts) => (canBeFast(parts) ? this.#hints.of(parts) : nothingBelieved));
  }

  /** Somebody else may have written the state. */
  forget(): void {
    this.#letter = null;
    this.#introduced.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sessions[Symbol.asyncDispose]();
  }

  async #write(request: WindowRequest): Promise<void> {
    if (!canBeFast(request.parts)) return this.#carefully(request);
    await this.#introduceOnce(request);
    const refusal = await this.#believing(request);
    if (refusal === null) return;
    if (refusal.class === 'deferred') return this.#carefully(request, refusal);
    if (refusal.code !== 'fence-lost') throw refusal;
    // Or the state is gone, wholly or in part: this throws what is true, or mends it.
    await this.#introduce(request);
    const again = await this.#quickly(request);
    if (again?.class === 'deferred') return this.#carefully(request, again);
    if (again !== null) throw again;
  }

  /** Believes the feed about rows that are new or there, as long as it was right. */
  async #believing(request: WindowRequest): Promise<LockstepError | null> {
    const believed = this.#hints.of(request.parts);
    this.#hints.passed();
    const refusal = await this.#quickly(request, believed);
    if (refusal === null || !this.#hints.misled(believed, refusal.code)) return refusal;
    return await this.#quickly(request);
  }

  /** What was refused; null: nothing. */
  async #quickly(request: WindowRequest, believed = nothingBelieved): Promise<LockstepError | null> {
    try {
      const { parts, ready } = request;
      const planned =
        ready !== null && isAlike(ready.believed, believed) ? ready.planned : inOrder(parts, believed);
      await applyFast({ ...request, destination: this.#destination, sessions: this.#sessions, planned });
      return null;
    } catch (thrown) {
      return toLockstepError(thrown);
    }
  }

  #carefully(request: WindowRequest, refusal: LockstepError | null = null): Promise<void> {
    return applyCarefully(this.#destination, { ...request, refusal });
  }

  async #introduceOnce(request: WindowRequest): Promise<void> {
    const { position } = request.window;
    if (position === null) return;
    const name = JSON.stringify([request.options.lease.pipeline, position.shard, position.lane]);
    if (this.#introduced.has(name)) return;
    await this.#introduce(request);
    this.#introduced.add(name);
  }

  async #introduce({ window, options }: WindowRequest): Promise<void> {
    const { position } = window;
    const { lease, signal } = options;
    await writeTransaction(this.#destination, options, async (session) => {
      if (position === null) return;
      const values = [lease.pipeline, position.shard, position.lane, lease.fence];
      await session.query(introduceShard(this.#destination.layout), values, { signal });
    });
  }
}

export interface WindowRequest {
  readonly window: WindowWrite;
  readonly parts: readonly WindowPart[];
  /** What was made before its turn; null: nothing was. */
  readonly ready: ReadyWindow | null;
  readonly letterKnown: boolean;
  readonly options: WriteOptions;
}

/** As the window has its parts, also those without changes. */
function outcomesOf(
  { parts: given }: WindowWrite,
  parts: readonly WindowPart[],
): readonly (readonly Outcome[])[] {
  const rest = [...parts];
  return given.map(({ changes }) => (changes.length === 0 ? [] : (rest.shift()?.outcomes.all() ?? [])));
}
