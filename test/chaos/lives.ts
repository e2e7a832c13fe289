import type { Failpoint } from '../../src/protocol/failpoints.ts';
import type { Verb } from './world/verb.ts';

/**
 * `full`: passes that write as they find, to removal; `staged`: passes by generations, brought in, taken back and dropped; `keys`: keys are
 * changed; the others: a live pipeline with that capture, from its first copy to removal.
 */
export type Life = 'full' | 'staged' | 'logical' | 'triggers' | 'keys';

export interface Reached {
  readonly lives: readonly Life[];
  /** Which process gets there in the life of a live pipeline: the engine, or that of a verb. */
  readonly by: 'start' | 'rotate' | Verb;
}

const full: Reached = { lives: ['full'], by: 'run' };
const staged: Reached = { lives: ['staged'], by: 'run' };
const everywhere: Reached = { lives: ['full', 'logical', 'triggers'], by: 'start' };
const live: Reached = { lives: ['logical', 'triggers'], by: 'start' };
const logical: Reached = { lives: ['logical'], by: 'start' };
const keys: Reached = { lives: ['keys'], by: 'rotate' };
const triggers: Reached = { lives: ['triggers'], by: 'start' };

/** In whose life each failpoint lies: one that is missing here does not compile, one that is not reached where it is said to be fails. */
export const reachedIn: Readonly<Record<Failpoint, Reached>> = {
  'lease.take.before': everywhere,
  'lease.take.after': everywhere,
  'run.begin.before': full,
  'run.begin.after': full,
  'store.save.before': everywhere,
  'store.save.after': everywhere,
  'store.clear.before': full,
  'store.clear.after': everywhere,
  'destination.attach.before': full,
  'destination.introduce.before-commit': full,
  'destination.introduce.after-commit': everywhere,
  'destination.attach.after': everywhere,
  'destination.create.before': full,
  'destination.create.after': full,
  'destination.build.before-commit': full,
  'destination.build.after-commit': full,
  'destination.settle.before-commit': full,
  'destination.settle.after-commit': full,
  'destination.append.before-commit': full,
  'destination.append.after-commit': everywhere,
  'destination.merge.before-commit': full,
  'destination.merge.after-commit': full,
  'destination.replace.before-commit': full,
  'destination.replace.after-commit': full,
  'destination.apply.before-commit': full,
  'destination.apply.after-commit': everywhere,
  'destination.window.before-commit': live,
  'destination.window.after-commit': live,
  'destination.keys.before': full,
  'destination.keys.built': full,
  'destination.keys.after': everywhere,
  'destination.references.before': full,
  'destination.references.after': full,
  'destination.sequences.before': everywhere,
  'destination.sequences.after': everywhere,
  'generation.begin.before-commit': staged,
  'generation.begin.after-commit': staged,
  'generation.join.before-commit': staged,
  'generation.join.after-commit': staged,
  'generation.stage.before-commit': staged,
  'generation.stage.after-commit': staged,
  'generation.seal.before-commit': staged,
  'generation.seal.after-commit': staged,
  'generation.promote.before-commit': staged,
  'generation.promote.after-commit': staged,
  'generation.rollback.before-commit': { ...staged, by: 'rollback' },
  'generation.rollback.after-commit': { ...staged, by: 'rollback' },
  'generation.discard.before-commit': { ...staged, by: 'discard' },
  'generation.discard.after-commit': { ...staged, by: 'discard' },
  'guard.raise.before': everywhere,
  'guard.raise.after': everywhere,
  'guard.approve.before': full,
  'guard.approve.after': { ...everywhere, by: 'approve' },
  'guard.clear.before': everywhere,
  'guard.clear.after': everywhere,
  'dead-letter.put.before': everywhere,
  'dead-letter.put.after': everywhere,
  'dead-letter.resolve.before': everywhere,
  'dead-letter.resolve.after': everywhere,
  'dead-letter.reseal.before': keys,
  'dead-letter.reseal.after': keys,
  'request.ask.before': { ...live, by: 'resync' },
  'request.ask.after': { ...live, by: 'resync' },
  'request.begin.before': live,
  'request.begin.after': live,
  'request.end.before': live,
  'request.end.after': live,
  'request.pause.before': { ...live, by: 'pause' },
  'request.pause.after': { ...live, by: 'pause' },
  'acknowledge.before': live,
  'acknowledge.after': live,
  'collection.stop.before': live,
  'collection.stop.after': live,
  'walk.note.before': live,
  'walk.note.after': live,
  'walk.forget.before': live,
  'walk.forget.after': live,
  'pass.finish.before': everywhere,
  'pass.finish.after': everywhere,
  'run.end.before': full,
  'run.end.after': full,
  'lease.release.before': everywhere,
  'lease.release.after': everywhere,
  'destination.remove.before-commit': full,
  'destination.remove.after-commit': { ...everywhere, by: 'remove' },
  'publication.make.before': logical,
  'publication.make.after': logical,
  'publication.drop.before': { ...logical, by: 'remove' },
  'publication.drop.after': { ...logical, by: 'remove' },
  'slot.make.before': logical,
  'slot.make.after': logical,
  'slot.drop.before': { ...logical, by: 'remove' },
  'slot.drop.after': { ...logical, by: 'remove' },
  'log.make.before': triggers,
  'log.make.after': triggers,
  'capture.make.before': triggers,
  'capture.make.after': triggers,
  'log.empty.before': triggers,
  'log.empty.after': triggers,
  'capture.drop.before': { ...triggers, by: 'remove' },
  'capture.drop.after': { ...triggers, by: 'remove' },
  'word.keep.before': live,
  'word.keep.after': live,
  'store.remove.before': full,
  'store.remove.after': { ...everywhere, by: 'remove' },
};
