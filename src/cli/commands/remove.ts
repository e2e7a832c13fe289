import { usageError } from '../../service/failure.ts';
import { type Command, flagOption } from '../command.ts';
import { openSession } from '../engine-session.ts';
import { stepText } from '../render/plan.ts';
import { onePipeline } from './pipeline-argument.ts';

export const remove: Command = {
  name: 'remove',
  summary: 'remove what Lockstep keeps about a pipeline, here and at the destination; rows stay',
  argument: onePipeline,
  options: [{ flags: '--yes', about: 'needed: there is no way back' }],
  examples: ['lockstep remove shop --yes'],
  async run(input, context) {
    await using session = await openSession(context);
    const pipeline = session.pipeline(input);
    if (!flagOption(input, 'yes')) {
      throw usageError(
        `remove forgets everything about ${pipeline}: what is finished, dead letters, guards, and which target rows are ours`,
        'If that is meant, add --yes. No row of a target is touched.',
      );
    }
    const result = await session.engine.remove(pipeline, { signal: context.signal });
    const left = result.left.map((what) => `  still there: ${what}`);
    const text = [...result.removed.flatMap(stepText), ...left, `${pipeline}: removed`];
    return { exit: result.left.length === 0 ? 'ok' : 'failed', data: { result }, text };
  },
};
