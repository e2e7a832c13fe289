import { z } from 'zod';
import { forgetPhase } from '../../engine/pipeline/memory.ts';
import { forgetCursors } from '../../engine/since/cursor-record.ts';
import type { WalkContext } from '../../engine/walk/context.ts';
import type { ControlStore } from '../../protocol/control-store.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { GenerationRecord } from '../../protocol/generation.ts';

/**
 * `generations` / `rolled-back` of the checkpoints: which generation was taken back, and since when the pipeline is paused for it. It counts
 * as long as that very pause does.
 */
const noteSchema = z.strictObject({
  generation: z.int(),
  sinceMs: z.number(),
  /** What going on would do again, for people. */
  redoes: z.string().default('all that it had written'),
});
export type RollbackNote = z.infer<typeof noteSchema>;

const place = ['generations', 'rolled-back'] as const;

/** Pauses the pipeline, so that nobody brings in again what is about to be taken back. Who dies after it leaves a pipeline that waits. */
export async function beginRollback(
  { store, pipeline, fence, clock }: WalkContext,
  { generation, redoes }: Omit<RollbackNote, 'sinceMs'>,
): Promise<RollbackNote> {
  const [space, name] = place;
  const note = { generation, sinceMs: clock.now(), redoes };
  await store.checkpoints.save({ pipeline, fence }, [{ space, name, value: note }]);
  await store.requests.setPaused(pipeline, {
    sinceMs: note.sinceMs,
    reason: `generation ${generation} is being rolled back; if nobody is at it any more, \`lockstep generations ${pipeline} rollback\` ends it`,
  });
  return note;
}

/** It is taken back. */
export const finishRollback = (
  { store, pipeline }: WalkContext,
  { generation, sinceMs }: RollbackNote,
): Promise<void> =>
  store.requests.setPaused(pipeline, {
    sinceMs,
    reason: `generation ${generation} was rolled back: a run would bring the same in again`,
  });

/** It was not taken back after all: what was there before counts again. */
export async function withdrawNote(
  { store, pipeline, fence }: WalkContext,
  before: Awaited<ReturnType<ControlStore['requests']['paused']>>,
): Promise<void> {
  const [space, name] = place;
  // Who dies in between leaves a pause that any `resume` ends.
  await store.checkpoints.save({ pipeline, fence }, [{ space, name, value: undefined }]);
  await store.requests.setPaused(pipeline, before);
}

/** Why the pipeline is paused; null: it is not, or for another reason. */
export async function rolledBack(store: ControlStore, pipeline: string): Promise<RollbackNote | null> {
  const paused = await store.requests.paused(pipeline);
  if (paused === null) return null;
  const note = noteSchema.safeParse(await store.checkpoints.get(pipeline, ...place));
  return note.success && note.data.sinceMs === paused.sinceMs ? note.data : null;
}

/**
 * A control store that was restored from a copy older than a rollback, or made anew, knows nothing of it: the destination's journal counts,
 * and the pipeline is paused as it was. Whoever resumed has the note still; a run that began since is newer in the journal.
 */
export async function heedRollback(walk: WalkContext): Promise<void> {
  const { writer, store, pipeline, signal } = walk;
  const [newest] = (await writer.generations?.list({ pipeline, signal })) ?? [];
  if (newest?.state !== 'rolled-back') return;
  const note = noteSchema.safeParse(await store.checkpoints.get(pipeline, ...place));
  if (note.success && note.data.generation === newest.id) return;
  await finishRollback(walk, await beginRollback(walk, { generation: newest.id, redoes: whatItDid(newest) }));
  if (newest.positions !== null) await forgetPhase(walk);
  await forgetCursors(walk);
}

/** For `resume`, which does the same again as far as the source still has it. */
export function whatItDid(record: GenerationRecord): string {
  const isBack = record.state === 'rolled-back';
  const parts = record.collections.map(({ collection, inserted, updated, left }) => {
    const [came, went] = isBack ? [left, inserted] : [inserted, left];
    const counts = [`${came ?? 0} inserted`, `${updated ?? 0} updated`, `${went ?? 0} taken out`];
    return `${collection} (${counts.join(', ')})`;
  });
  return parts.join(', ');
}

/** A pipeline that is paused for a rollback goes on only when somebody says so. */
export async function refuseUnlessMeant(
  store: ControlStore,
  pipeline: string,
  { yes }: { readonly yes: boolean },
): Promise<void> {
  const note = yes ? null : await rolledBack(store, pipeline);
  if (note === null) return;
  const { generation, redoes } = note;
  throw new LockstepError('resume-redoes', { pipeline, generation, redoes });
}

/** Of runs, which would bring in again what was taken back. */
export async function refusePaused(store: ControlStore, pipeline: string): Promise<void> {
  const paused = await store.requests.paused(pipeline);
  if (paused !== null) throw new LockstepError('pipeline-paused', { pipeline, reason: paused.reason });
}
