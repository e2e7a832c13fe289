import { type Command, textOption } from '../command.ts';
import { openSession } from '../engine-session.ts';
import { onePipeline } from './pipeline-argument.ts';

export const approve: Command = {
  name: 'approve',
  summary: 'let what a guard holds back leave the target with the next run',
  argument: onePipeline,
  options: [{ flags: '--collection <name>', about: 'only this one (default: every collection that waits)' }],
  examples: ['lockstep approve shop --collection public.orders'],
  async run(input, context) {
    await using session = await openSession(context);
    const collection = textOption(input, 'collection');
    const result = await session.engine.approve(session.pipeline(input), {
      signal: context.signal,
      collection,
    });
    const text =
      result.approved.length === 0
        ? [`${result.pipeline}: no guard waits`]
        : result.approved.map(
            (name) => `${result.pipeline}: ${name} is approved; the next run removes what was held`,
          );
    return { exit: 'ok', data: { result }, text };
  },
};
