import { setTimeout as delay } from 'node:timers/promises';
import type { Change } from '../../protocol/change.ts';
import { LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { isRefusal } from '../../protocol/errors/refusal.ts';
import type { Key } from '../../protocol/names.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import { backoffDelayMs } from '../retry/backoff.ts';
import { leaseOf } from '../walk/context.ts';
import type { StreamContext } from './context.ts';
import { lanePosition } from './lanes/torn-windows.ts';
import type { LetterBook } from './letter-book.ts';
import { mayBeOfSomeRow, suspectAfter } from './row-faults.ts';
import { type PlannedPart, toWritten, type WindowPlan } from './window-plan.ts';
import type { WriteRequest, WrittenPart } from './write-request.ts';

interface IsolationParts {
  readonly context: StreamContext;
  readonly letters: LetterBook;
  readonly takeOut: (
    part: PlannedPart,
    failed: ReadonlyMap<Key, LockstepError>,
    plan: WindowPlan,
  ) => Promise<void>;
}

/** For a window that fails as a whole, again and again: finds the rows that are to blame by writing ever smaller pieces. */
export class Isolation {
  readonly #parts: IsolationParts;

  constructor(parts: IsolationParts) {
    this.#parts = parts;
  }

  /** Halves, until what is to blame stands alone: each half that goes through is durable. The position follows with the rest. */
  async isolate(parts: readonly PlannedPart[], request: WriteRequest): Promise<readonly WrittenPart[]> {
    const written: WrittenPart[] = [];
    for (const part of parts) {
      const changes = leavingLast(part);
      part.changes = [];
      written.push(...(await this.#halve(part, changes, request)));
    }
    return written;
  }

  async #halve(
    part: PlannedPart,
    changes: readonly Change[],
    request: WriteRequest,
  ): Promise<readonly WrittenPart[]> {
    if (changes.length === 0) return [];
    const result = await this.#writeAlone(part, changes, request);
    if (!(result instanceof LockstepError)) return [{ part, changes, outcomes: result }];
    const [only] = changes;
    if (changes.length === 1 && only !== undefined) {
      await this.#parts.takeOut(part, new Map([[only.key, result]]), request.plan);
      return [];
    }
    const middle = changes.length >> 1;
    const first = await this.#halve(part, changes.slice(0, middle), request);
    return [...first, ...(await this.#halve(part, changes.slice(middle), request))];
  }

  /** What became of them, durably, or why not. A single change is to blame only when it fails again and again while others go through. */
  async #writeAlone(
    part: PlannedPart,
    changes: readonly Change[],
    request: WriteRequest,
  ): Promise<readonly Outcome[] | LockstepError> {
    const { context, letters } = this.#parts;
    const options = { lease: leaseOf(context), signal: context.signal };
    // With the marks: what was read may be newer than what the stream tells again, should we die before the position.
    const marks = await request.freshMarks();
    const position = request.extent === null ? null : lanePosition(request.extent, 0);
    const alone = { parts: [toWritten({ ...part, changes: [...changes] })], position, marks };
    for (let attempt = 1; ; attempt += 1) {
      try {
        const write = { ...alone, newestLetter: letters.newest };
        const [outcomes = []] = await context.writer.applyWindow(write, options);
        return outcomes;
      } catch (thrown) {
        const error = toLockstepError(thrown);
        if (isRefusal(error)) return error;
        if (!mayBeOfSomeRow(error) || !(await destinationAnswers(this.#parts))) throw error;
        if (changes.length > 1 || attempt >= suspectAfter) return error;
        const pauseMs = backoffDelayMs(context.settings.retry, attempt, { jitter: 'half' });
        await delay(pauseMs, undefined, { signal: context.signal });
      }
    }
  }
}

/** Whether the destination takes anything at all at present. */
export async function destinationAnswers({
  context,
  letters,
}: Pick<IsolationParts, 'context' | 'letters'>): Promise<boolean> {
  const nothing = { parts: [], position: null, marks: new Map(), newestLetter: letters.newest };
  try {
    await context.writer.applyWindow(nothing, { lease: leaseOf(context), signal: context.signal });
    return true;
  } catch (thrown) {
    if (toLockstepError(thrown).class === 'transient') return false;
    throw thrown;
  }
}

/** A row that goes on under another key must have it before its former key leaves. */
function leavingLast({ changes, moves }: PlannedPart): readonly Change[] {
  if (moves.length === 0) return changes;
  const former = new Set(moves.map(({ from }) => from));
  return [...changes.filter(({ key }) => !former.has(key)), ...changes.filter(({ key }) => former.has(key))];
}
