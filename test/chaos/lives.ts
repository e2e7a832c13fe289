import type { Failpoint } from '../../src/protocol/failpoints.ts';
import type { Verb } from './world/verb.ts';

/**
 * `full`: passes that write as they find, to removal; `documents`: the same from MongoDB to MongoDB; `fields`: the same by fields, beside documents of others; `stream`: a live pipeline between them;
 * `incremental`: passes that read since cursors; `staged`: passes by generations, brought in, taken back and dropped; `refused`: one of which the destination refuses rows; `renamed`: the same at MongoDB, by renaming, `aside`: there by differences, `mixed`: by
 * both at once; `keys`: keys are changed;
 * `connections`: some are stored, sealed anew and removed (`test/store/deaths.ts`); `lanes`: large windows of a live pipeline are written by
 * several transactions at once; `alternatives`: rows that want one value; the others: a live pipeline with that
 * capture, from its first copy to removal.
 */
export type Life =
  | 'full'
  | 'documents'
  | 'fields'
  | 'stream'
  | 'incremental'
  | 'staged'
  | 'refused'
  | 'renamed'
  | 'aside'
  | 'mixed'
  | 'logical'
  | 'triggers'
  | 'keys'
  | 'connections'
  | 'lanes'
  | 'alternatives';

export interface Reached {
  readonly lives: readonly Life[];
  /** Which process gets there in the life of a live pipeline: the engine, or that of a verb. */
  readonly by: 'start' | 'rotate' | 'connections' | Verb;
}

/** By tables only. */
const tables: Reached = { lives: ['full'], by: 'run' };
/** Where the fence is raised in one document after the other, and a first copy takes its target’s place. */
const documents: Reached = { lives: ['documents'], by: 'run' };
/** Where the keys that are ours are kept by themselves. */
const fields: Reached = { lives: ['fields'], by: 'run' };
const full: Reached = { lives: ['full', 'documents'], by: 'run' };
const incremental: Reached = { lives: ['incremental'], by: 'run' };
const staged: Reached = { lives: ['staged'], by: 'run' };
const refused: Reached = { lives: ['refused'], by: 'run' };
/** The first copy of a live pipeline over targets that have rows is a generation too. */
const stagedCopy: Reached = { lives: ['staged', 'logical', 'triggers'], by: 'start' };
/** Generations of MongoDB, by renaming. */
const renamed: Reached = { lives: ['renamed'], by: 'run' };
const andAside: Reached = { lives: ['renamed', 'aside'], by: 'run' };
const mixed: Reached = { lives: ['renamed', 'mixed'], by: 'run' };
const andRenamed = (reached: Reached): Reached => ({
  ...reached,
  lives: [...reached.lives, 'renamed', 'aside'],
});
const everywhere: Reached = { lives: ['full', 'documents', 'logical', 'triggers'], by: 'start' };
const everywhereInTables: Reached = { lives: ['full', 'logical', 'triggers'], by: 'start' };
const live: Reached = { lives: ['logical', 'triggers'], by: 'start' };
/** Whatever the database. */
const flowing: Reached = { lives: ['logical', 'triggers', 'stream'], by: 'start' };
const logical: Reached = { lives: ['logical'], by: 'start' };
const keys: Reached = { lives: ['keys'], by: 'rotate' };
const alternatives: Reached = { lives: ['alternatives'], by: 'start' };
const lanes: Reached = { lives: ['lanes'], by: 'start' };
const connections: Reached = { lives: ['connections'], by: 'connections' };
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
  'destination.raise.between': documents,
  'destination.attach.after': everywhere,
  'destination.create.before': full,
  'destination.create.after': full,
  'destination.build.before-commit': full,
  'destination.build.after-commit': full,
  'destination.settle.before-commit': full,
  'destination.settle.after-commit': full,
  'destination.owned.before': fields,
  'destination.owned.after': fields,
  'destination.append.before-commit': full,
  'destination.append.after-commit': everywhere,
  'destination.rebuild.before-commit': tables,
  'destination.rebuild.after-commit': tables,
  'destination.merge.before-commit': full,
  'destination.merge.after-commit': full,
  'destination.replace.before-commit': tables,
  'destination.replace.after-commit': tables,
  'destination.apply.before-commit': full,
  'destination.apply.after-commit': everywhere,
  'destination.window.before-commit': flowing,
  'destination.window.after-commit': flowing,
  'destination.keys.before': full,
  'destination.keys.built': full,
  'destination.keys.after': everywhere,
  'destination.references.before': tables,
  'destination.references.after': tables,
  'destination.sequences.before': everywhereInTables,
  'destination.sequences.after': everywhereInTables,
  'whole.made': documents,
  'whole.filled': documents,
  'whole.renamed': documents,
  'generation.begin.before-commit': andRenamed(staged),
  'generation.begin.after-commit': andRenamed(staged),
  'generation.join.before-commit': andRenamed(staged),
  'generation.join.after-commit': andRenamed(staged),
  'generation.stage.before-commit': andRenamed(staged),
  'generation.stage.after-commit': andRenamed(stagedCopy),
  'generation.seal.before-commit': andRenamed(staged),
  'generation.seal.after-commit': andRenamed(stagedCopy),
  'generation.take-out.before-commit': refused,
  'generation.take-out.after-commit': refused,
  'generation.promote.before-commit': andRenamed(stagedCopy),
  'generation.promote.after-commit': andRenamed(stagedCopy),
  'generation.rollback.before-commit': { ...andRenamed(staged), by: 'rollback' },
  'generation.rollback.after-commit': { ...andRenamed(staged), by: 'rollback' },
  'generation.discard.before-commit': { ...andRenamed(staged), by: 'discard' },
  'generation.discard.after-commit': { ...andRenamed(staged), by: 'discard' },
  'generation.make.before-commit': andAside,
  'generation.make.after-commit': andAside,
  'generation.index.before': renamed,
  'generation.index.after': renamed,
  'generation.backup.before': renamed,
  'generation.backup.after': mixed,
  'generation.decide.before-commit': mixed,
  'generation.decide.after-commit': mixed,
  'generation.rename.before': mixed,
  'generation.rename.after': mixed,
  'generation.return.before-commit': { ...mixed, by: 'rollback' },
  'generation.return.after-commit': { ...mixed, by: 'rollback' },
  'generation.clean.before': { ...andAside, by: 'discard' },
  'generation.clean.after': { ...andAside, by: 'discard' },
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
  'connection.put.before': connections,
  'connection.put.after': connections,
  'connection.remove.before': connections,
  'connection.remove.after': connections,
  'connection.reseal.before': connections,
  'connection.reseal.after': connections,
  'request.ask.before': { ...live, by: 'resync' },
  'request.ask.after': { ...live, by: 'resync' },
  'request.begin.before': live,
  'request.begin.after': live,
  'request.end.before': live,
  'request.end.after': live,
  'request.pause.before': { ...live, by: 'pause' },
  'request.pause.after': { ...live, by: 'pause' },
  'alternative.note.before': alternatives,
  'alternative.note.after': alternatives,
  'alternative.forget.before': alternatives,
  'alternative.forget.after': alternatives,
  'stream.lane.after': lanes,
  'stream.lanes.before-position': lanes,
  'acknowledge.before': flowing,
  'acknowledge.after': flowing,
  'collection.stop.before': live,
  'collection.stop.after': live,
  'walk.note.before': flowing,
  'walk.note.after': flowing,
  'walk.forget.before': flowing,
  'walk.forget.after': flowing,
  'cursor.save.before': incremental,
  'cursor.save.between': incremental,
  'cursor.save.after': incremental,
  'cursor.forget.before': incremental,
  'cursor.forget.after': incremental,
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
  'word.keep.before': flowing,
  'word.keep.after': flowing,
  'store.remove.before': full,
  'store.remove.after': { ...everywhere, by: 'remove' },
};
