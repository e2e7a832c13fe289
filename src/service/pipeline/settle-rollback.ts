import type { WalkContext } from '../../engine/walk/context.ts';
import type { ErrorCode } from '../../protocol/errors/catalogue.ts';
import { isLockstepError, LockstepError, toError } from '../../protocol/errors/lockstep-error.ts';
import type { GenerationId, GenerationRecord, GenerationWriter } from '../../protocol/generation.ts';
import type { WriteLease } from '../../protocol/writer.ts';

/** How long the destination may take to say what became of it. */
const askingMs = 10_000;

export interface UnsettledRollback {
  readonly id: GenerationId;
  readonly generations: GenerationWriter;
  readonly walk: WalkContext;
  readonly lease: WriteLease;
  /** The pipeline is as it was before: not paused for this. */
  readonly withdraw: () => Promise<void>;
}

/**
 * After taking back has thrown, whether by a refusal, by Ctrl-C or by a lost connection: either it is done all the same, and its record is
 * returned; or it is not, what was noted for it is withdrawn, and what was thrown goes on. Where the destination can't be asked the pipeline
 * stays paused, and both errors and notices say so.
 */
export async function settleRollback(
  thrown: unknown,
  unsettled: UnsettledRollback,
): Promise<GenerationRecord> {
  const { id, walk, withdraw } = unsettled;
  // Another owner decides what becomes of it.
  if (isLockstepError(thrown, 'fence-lost')) throw thrown;
  const record = isRefusal(thrown) ? 'as it was' : await askedOf(unsettled);
  if (record === null) throw unsure(thrown, { id, walk });
  if (record !== 'as it was' && record.state === 'rolled-back') return record;
  await withdraw();
  throw withWord(thrown, `generation ${id} was not rolled back, and the pipeline is as it was before`);
}

const refusals: readonly ErrorCode[] = [
  'generation-altered',
  'generation-blocked',
  'generation-overtaken',
  'generation-unfit',
  'lock-timeout',
  'swap-refused',
];

/** By the destination: it surely is not taken back. */
const isRefusal = (thrown: unknown): boolean =>
  thrown instanceof LockstepError &&
  (refusals.includes(thrown.code) || (thrown.code === 'retries-exhausted' && isRefusal(thrown.cause)));

/** Under a signal of its own: the one of the work may be what ended it. `attach` waits for a transaction of ours that may be committing still. */
async function askedOf({
  id,
  generations,
  walk,
  lease,
}: UnsettledRollback): Promise<GenerationRecord | null> {
  const signal = AbortSignal.timeout(askingMs);
  try {
    await walk.writer.attach({ lease, signal });
    const records = await generations.list({ pipeline: walk.pipeline, signal });
    return records.find((record) => record.id === id) ?? null;
  } catch {
    // Why it can't be asked is why taking back failed, which is told.
    return null;
  }
}

function unsure(
  thrown: unknown,
  { id, walk: { pipeline, events } }: Pick<UnsettledRollback, 'id' | 'walk'>,
): unknown {
  const word = `whether generation ${id} was rolled back can’t be asked now; the pipeline is paused until \`lockstep generations ${pipeline} rollback\` says`;
  if (!isLockstepError(thrown, 'interrupted'))
    events.emit('notice', { pipeline, side: 'destination', message: word });
  return withWord(thrown, word);
}

/** To whom stopped it; other errors say what they say. */
function withWord(thrown: unknown, word: string): unknown {
  if (!isLockstepError(thrown, 'interrupted')) return thrown;
  const detail = `${String(thrown.details['detail'] ?? toError(thrown).message)}; ${word}`;
  return new LockstepError('interrupted', { detail }, { cause: thrown });
}
