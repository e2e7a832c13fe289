import { z } from 'zod';
import type { WalkContext } from '../../engine/walk/context.ts';
import type { ControlStore } from '../../protocol/control-store.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';

/**
 * `generations` / `rolled-back` of the checkpoints: which generation was taken back, and since when the pipeline is paused for it. It counts
 * as long as that very pause does.
 */
const noteSchema = z.strictObject({ generation: z.int(), sinceMs: z.number() });

const place = ['generations', 'rolled-back'] as const;

/** Pauses the pipeline, so that nobody brings in again what is about to be taken back. */
export async function noteRollback(
  { store, pipeline, fence, clock }: WalkContext,
  generation: number,
): Promise<void> {
  const [space, name] = place;
  const sinceMs = clock.now();
  await store.checkpoints.save({ pipeline, fence }, [{ space, name, value: { generation, sinceMs } }]);
  await store.requests.setPaused(pipeline, {
    sinceMs,
    reason: `generation ${generation} was rolled back: a run would bring the same in again`,
  });
}

/** The generation for which the pipeline is paused; null: it is not, or for another reason. */
export async function rolledBack(store: ControlStore, pipeline: string): Promise<number | null> {
  const paused = await store.requests.paused(pipeline);
  if (paused === null) return null;
  const note = noteSchema.safeParse(await store.checkpoints.get(pipeline, ...place));
  return note.success && note.data.sinceMs === paused.sinceMs ? note.data.generation : null;
}

/** A pipeline that is paused for a rollback goes on only when somebody says so. */
export async function refuseUnlessMeant(
  store: ControlStore,
  pipeline: string,
  { yes }: { readonly yes: boolean },
): Promise<void> {
  const generation = yes ? null : await rolledBack(store, pipeline);
  if (generation !== null) throw new LockstepError('resume-redoes', { pipeline, generation });
}

/** Of runs, which would bring in again what was taken back. */
export async function refusePaused(store: ControlStore, pipeline: string): Promise<void> {
  const paused = await store.requests.paused(pipeline);
  if (paused !== null) throw new LockstepError('pipeline-paused', { pipeline, reason: paused.reason });
}
