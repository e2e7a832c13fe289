import type { ClientSession } from 'mongodb';
import { isLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { HintTrust } from '../../../../protocol/hint-trust.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { Deadline, windowLimits } from './deadline.ts';
import type { GivesUp } from './part-plan.ts';
import { RefusedStandIn, RefusedStatement } from './send-statements.ts';
import { requireStillThere } from './still-there.ts';
import { whoGivesUp } from './unique-fields.ts';
import type { WindowPart } from './window-part.ts';
import { type StateWrite, stateStatements } from './window-state.ts';
import { canBeFast, hasNewcomers, type WriteRequest, writeFast, writePlanned } from './write-part.ts';

export interface Window extends StateWrite {
  readonly parts: readonly WindowPart[];
  /** Comes before all else in the transaction, in each attempt. */
  readonly first?: (session: ClientSession) => Promise<void>;
  /** How long its transaction may take, where that is not the usual. */
  readonly seconds?: number;
  /** Whether changes that are said to be new are believed to be; absent: they are not. */
  readonly newcomers?: HintTrust;
}

/** ImmutableField: an `_id` that MongoDB holds equal has another type. */
const immutableField = 66;

/**
 * A window in one transaction: without looking where that goes through, which is nearly always. Else, as one refused statement ends a transaction
 * at the server, in another one, in which documents first give up the unique values that they have no longer.
 */
export async function applyWindow(
  destination: Destination,
  window: Window,
  options: WriteOptions,
): Promise<readonly (readonly Outcome[])[]> {
  try {
    return await attemptBelieving(destination, window, options);
  } catch (thrown) {
    if (!(thrown instanceof RefusedStatement)) throw thrown;
    if (thrown.error.class !== 'deferred' && thrown.code !== immutableField) throw thrown.error;
  }
  return await applyGivingUp(destination, window, options);
}

/** Documents that are said to be new are inserted as long as that goes well. */
async function attemptBelieving(
  destination: Destination,
  window: Window,
  options: WriteOptions,
): Promise<readonly (readonly Outcome[])[]> {
  const { newcomers, parts } = window;
  const believesNew = newcomers?.isGiven === true && parts.some(hasNewcomers);
  newcomers?.passed();
  try {
    return await attempt(destination, { window, options, givesUp: null, believesNew });
  } catch (thrown) {
    const isMisled =
      believesNew && thrown instanceof RefusedStatement && thrown.error.code === 'unique-conflict';
    if (!isMisled) throw thrown;
  }
  try {
    const outcomes = await attempt(destination, { window, options, givesUp: null });
    newcomers?.misled();
    return outcomes;
  } catch (thrown) {
    // Refused again: values are in each other's way, whoever is new.
    if (!(thrown instanceof RefusedStatement)) newcomers?.misled();
    throw thrown;
  }
}

async function applyGivingUp(
  destination: Destination,
  window: Window,
  options: WriteOptions,
): Promise<readonly (readonly Outcome[])[]> {
  const { deployment } = destination;
  const givesUp = new Map<string, GivesUp>();
  for (const { model, changes } of window.parts)
    if (changes.length > 0) givesUp.set(model.collection, await whoGivesUp(deployment, model, options));
  for (;;) {
    try {
      return await attempt(destination, { window, options, givesUp });
    } catch (thrown) {
      // Then that part is written as it comes, which may be possible, and says what is in the way if it is not.
      if (thrown instanceof RefusedStandIn && givesUp.delete(thrown.collection)) continue;
      throw thrown instanceof RefusedStatement ? thrown.error : thrown;
    }
  }
}

interface Attempt {
  readonly window: Window;
  readonly options: WriteOptions;
  /** By collection. Null: nobody gives up anything. */
  readonly givesUp: ReadonlyMap<string, GivesUp> | null;
  readonly believesNew?: boolean;
}

async function attempt(
  destination: Destination,
  { window, options, givesUp, believesNew = false }: Attempt,
): Promise<readonly (readonly Outcome[])[]> {
  const { lease, signal } = options;
  const state = stateStatements(lease.pipeline, window);
  const collection = window.parts[0]?.model.collection;
  const named = window.parts.length === 1 && collection !== undefined ? { collection } : {};
  const request = { ...options, ...named, state };
  const course: Course = { refused: null, deadline: null };
  try {
    const outcomes = await writeTransaction(destination, request, async (session) => {
      // From here on: who waits for a session holds nothing.
      const deadline = new Deadline(destination.deployment, window.seconds ?? windowLimits.seconds);
      course.deadline = deadline;
      try {
        await window.first?.(session);
        const outcomes = await writeParts(destination, {
          window,
          givesUp,
          believesNew,
          session,
          signal,
          deadline,
        });
        deadline.check();
        reach('destination.window.before-commit');
        return outcomes;
      } catch (thrown) {
        if (!(thrown instanceof RefusedStatement)) throw thrown;
        course.refused = thrown;
        throw thrown.error;
      }
    });
    reach('destination.window.after-commit');
    return outcomes;
  } catch (thrown) {
    // The server may have ended it for its age, and then says no more than that it is gone.
    if (course.refused === null && isLockstepError(thrown, 'transaction-conflict')) course.deadline?.check();
    throw course.refused ?? thrown;
  }
}

/** What is known of an attempt that failed. */
interface Course {
  refused: RefusedStatement | null;
  deadline: Deadline | null;
}

async function writeParts(
  { deployment }: Destination,
  { window, givesUp, believesNew = false, ...request }: Omit<Attempt, 'options'> & WriteRequest,
): Promise<readonly (readonly Outcome[])[]> {
  const written: (readonly Outcome[])[] = [];
  for (const part of window.parts) {
    const isFast = givesUp === null && canBeFast(part);
    const outcomes = isFast
      ? await writeFast(deployment, part, { ...request, believesNew })
      : await writePlanned(deployment, part, {
          ...request,
          givesUp: givesUp?.get(part.model.collection) ?? nobody,
        });
    const { model, changes } = part;
    await requireStillThere(deployment, { collection: model.collection, changes, outcomes }, request);
    written.push(outcomes);
  }
  return written;
}

const nobody: GivesUp = () => false;
