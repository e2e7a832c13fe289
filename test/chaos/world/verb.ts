import { createLockstep, type Lockstep } from '../../../src/index.ts';
import { configuration, type Places, pipeline } from './configuration.ts';

export const verbs = ['run', 'approve', 'remove'] as const;
export type Verb = (typeof verbs)[number];

export async function perform(engine: Lockstep, verb: Verb): Promise<unknown> {
  switch (verb) {
    case 'run':
      return engine.run(pipeline);
    case 'approve':
      return engine.approve(pipeline);
    case 'remove':
      return engine.remove(pipeline);
  }
}

/** The verb here, in the process of the test. */
export async function performHere(places: Places, verb: Verb): Promise<unknown> {
  await using engine = await createLockstep(configuration(places));
  return await perform(engine, verb);
}
