import { exitOfFailures } from '../../service/exit-of-failures.ts';
import type { Lockstep } from '../../service/lockstep.ts';
import type { Command, CommandContext, CommandResult } from '../command.ts';
import { openSession } from '../engine-session.ts';
import { generationListText, generationText } from '../render/generations.ts';
import { type GenerationArguments, generationArguments } from './generation-arguments.ts';
import { onePipeline } from './pipeline-argument.ts';

export const generations: Command = {
  name: 'generations',
  summary: 'list, promote, roll back or discard what full runs brought in',
  argument: onePipeline,
  furtherArguments: [
    { spelling: '[action]', about: 'list, promote, rollback or discard' },
    { spelling: '[number]', about: 'of a generation; promote and rollback take the newest otherwise' },
  ],
  options: [{ flags: '--keep-changed', about: 'rollback leaves rows as they are that were changed since' }],
  examples: [
    'lockstep generations shop list',
    'lockstep generations shop rollback',
    'lockstep generations shop promote 7',
  ],
  async run(input, context) {
    await using session = await openSession(context);
    const asked = generationArguments(input, session.engine.pipelines);
    return await perform(asked, session.engine, context);
  },
};

async function perform(
  asked: GenerationArguments,
  engine: Lockstep,
  { signal }: CommandContext,
): Promise<CommandResult> {
  const { pipeline } = asked;
  switch (asked.action) {
    case 'list': {
      const result = await engine.generations(pipeline, { signal });
      return { exit: 'ok', data: { result }, text: generationListText(result) };
    }
    case 'promote': {
      const generation = asked.generation ?? undefined;
      const result = await engine.promoteGeneration(pipeline, { signal, generation });
      const exit = exitOfFailures(result.failures, result.letters > 0 ? 'pending' : 'ok');
      return { exit, data: { result }, text: generationText(result) };
    }
    case 'rollback': {
      const generation = asked.generation ?? undefined;
      const options = { signal, generation, keepChanged: asked.keepChanged };
      const result = await engine.rollBackGeneration(pipeline, options);
      return { exit: 'ok', data: { result }, text: generationText(result) };
    }
    case 'discard': {
      const result = await engine.discardGeneration(pipeline, asked.generation, { signal });
      return { exit: 'ok', data: { result }, text: generationText(result) };
    }
  }
}
