/**
 * Places where a test stops the process dead. One before and one after each durable effect; the kill -9 suite
 * iterates this registry, so a name that is not reached is a failing test.
 *
 * `LOCKSTEP_FAILPOINT=walk.append.before:3` kills the process (SIGKILL) the third time it gets there.
 */
export const failpoints = [
  'lease.take.before',
  'lease.take.after',
  'run.begin.before',
  'run.begin.after',
  'store.save.before',
  'store.save.after',
  'store.clear.before',
  'store.clear.after',
  'destination.attach.before',
  'destination.introduce.before-commit',
  'destination.introduce.after-commit',
  'destination.attach.after',
  'destination.create.before',
  'destination.create.after',
  'destination.build.before-commit',
  'destination.build.after-commit',
  'destination.settle.before-commit',
  'destination.settle.after-commit',
  'destination.append.before-commit',
  'destination.append.after-commit',
  'destination.merge.before-commit',
  'destination.merge.after-commit',
  'destination.replace.before-commit',
  'destination.replace.after-commit',
  'destination.apply.before-commit',
  'destination.apply.after-commit',
  'destination.window.before-commit',
  'destination.window.after-commit',
  'destination.keys.before',
  'destination.keys.built',
  'destination.keys.after',
  'destination.references.before',
  'destination.references.after',
  'destination.sequences.before',
  'destination.sequences.after',
  'generation.begin.before-commit',
  'generation.begin.after-commit',
  'generation.join.before-commit',
  'generation.join.after-commit',
  'generation.stage.before-commit',
  'generation.stage.after-commit',
  'generation.seal.before-commit',
  'generation.seal.after-commit',
  'generation.promote.before-commit',
  'generation.promote.after-commit',
  'generation.rollback.before-commit',
  'generation.rollback.after-commit',
  'generation.discard.before-commit',
  'generation.discard.after-commit',
  'guard.raise.before',
  'guard.raise.after',
  'guard.approve.before',
  'guard.approve.after',
  'guard.clear.before',
  'guard.clear.after',
  'dead-letter.put.before',
  'dead-letter.put.after',
  'dead-letter.resolve.before',
  'dead-letter.resolve.after',
  'request.ask.before',
  'request.ask.after',
  'request.begin.before',
  'request.begin.after',
  'request.end.before',
  'request.end.after',
  'request.pause.before',
  'request.pause.after',
  'acknowledge.before',
  'acknowledge.after',
  'collection.stop.before',
  'collection.stop.after',
  'walk.note.before',
  'walk.note.after',
  'walk.forget.before',
  'walk.forget.after',
  'pass.finish.before',
  'pass.finish.after',
  'run.end.before',
  'run.end.after',
  'lease.release.before',
  'lease.release.after',
  'destination.remove.before-commit',
  'destination.remove.after-commit',
  'publication.make.before',
  'publication.make.after',
  'publication.drop.before',
  'publication.drop.after',
  'slot.make.before',
  'slot.make.after',
  'slot.drop.before',
  'slot.drop.after',
  'log.make.before',
  'log.make.after',
  'capture.make.before',
  'capture.make.after',
  'log.empty.before',
  'log.empty.after',
  'capture.drop.before',
  'capture.drop.after',
  'word.keep.before',
  'word.keep.after',
  'store.remove.before',
  'store.remove.after',
] as const;
export type Failpoint = (typeof failpoints)[number];

let armed: { readonly name: string; left: number } | null | undefined;

/** Does nothing unless this point was armed by the environment of the process. */
export function reach(point: Failpoint): void {
  if (armed === undefined) armed = readArming(process.env['LOCKSTEP_FAILPOINT']);
  if (armed === null || armed.name !== point) return;
  armed.left -= 1;
  if (armed.left === 0) process.kill(process.pid, 'SIGKILL');
}

function readArming(text: string | undefined): { name: string; left: number } | null {
  if (text === undefined || text === '') return null;
  const [name = '', count = '1'] = text.split(':');
  return { name, left: Number(count) };
}
