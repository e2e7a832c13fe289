import { toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { isRefusal } from '../../protocol/errors/refusal.ts';
import type {
  GenerationId,
  GenerationRecord,
  GenerationWriter,
  RefusedPiece,
} from '../../protocol/generation.ts';
import type { Target } from '../../protocol/writer.ts';
import { leaseOf, type WalkContext } from '../walk/context.ts';
import { retrying } from '../walk/retrying.ts';

/** A refused row is taken out; what is refused again and again, by nobody's fault, is a race with somebody who writes the same keys. */
const mostSiftings = 8;

export interface Promoting {
  readonly generations: GenerationWriter;
  readonly id: GenerationId;
  readonly targets: readonly Target[];
  /** Ends the waiting between two attempts. */
  readonly signal: AbortSignal;
  /** What becomes of what is refused. Durable on return: afterwards the generation knows nothing of it. */
  readonly note: (refused: readonly RefusedPiece[]) => Promise<void>;
}

/**
 * Brings a staged generation in. What the destination refuses is found and noted, then taken out, and the rest is tried again: whichever
 * answer is lost, and whoever dies where, a row is noted before it is staged no more.
 */
export async function promoteSifting(
  context: WalkContext,
  { generations, id, targets, signal, note }: Promoting,
): Promise<GenerationRecord> {
  const options = { lease: leaseOf(context), signal: context.signal };
  const trying = <Result>(what: string, work: () => Promise<Result>): Promise<Result> =>
    retrying(context, { what, signal }, work);
  for (let siftings = 0; ; siftings += 1) {
    try {
      return await trying('promote the generation', () => generations.promote(id, targets, options));
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (!isRefusal(error) || siftings >= mostSiftings) throw error;
      const refused = await trying('sift the generation', () => generations.sift(id, targets, options));
      await note(refused);
      if (refused.length > 0)
        await trying('take out what is refused', () => generations.takeOut(id, refused, options));
    }
  }
}
