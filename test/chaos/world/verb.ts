import { createLockstep, type Lockstep } from '../../../src/index.ts';
import { configuration, type Places, pipeline } from './configuration.ts';

export const verbs = [
  'run',
  'compare',
  'approve',
  'rollback',
  'discard',
  'remove',
  'start',
  'serve',
  'pause',
  'resume',
  'resync',
  'ask-resync',
  'replay',
] as const;
export type Verb = (typeof verbs)[number];

export interface Performing {
  /** Ends `start` and `serve`, which have no end of their own. */
  readonly signal?: AbortSignal;
  readonly tell?: (said: unknown) => void;
}

export async function perform(engine: Lockstep, verb: Verb, signal?: AbortSignal): Promise<unknown> {
  switch (verb) {
    case 'run':
      return engine.run(pipeline);
    case 'compare':
      return engine.run(pipeline, { compare: true });
    case 'approve':
      return engine.approve(pipeline);
    case 'rollback':
      return engine.rollBackGeneration(pipeline);
    case 'discard':
      return engine.discardGeneration(pipeline, (await engine.generations(pipeline)).generations[0]?.id ?? 0);
    case 'remove':
      return engine.remove(pipeline);
    case 'start':
      return engine.start(pipeline, { signal });
    case 'serve':
      return engine.startAll([pipeline], { signal });
    case 'pause':
      return engine.pause(pipeline);
    case 'resume':
      return engine.resume(pipeline, { yes: true });
    case 'resync':
      return engine.resync(pipeline);
    case 'ask-resync':
      return engine.resync(pipeline, { wait: false });
    case 'replay':
      return engine.replay(pipeline, { wait: false });
  }
}

/** The verb here, in the process of the test. */
export async function performHere(
  places: Places,
  verb: Verb,
  { signal, tell }: Performing = {},
): Promise<unknown> {
  await using engine = await createLockstep(configuration(places));
  if (tell !== undefined) {
    engine.events.on('status', ({ status, reason }) => tell({ status, reason }));
    engine.events.on('gap', ({ gap }) => tell({ gap: gap.reason }));
  }
  return await perform(engine, verb, signal);
}
