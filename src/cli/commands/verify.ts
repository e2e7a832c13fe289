import { type Command, flagOption } from '../command.ts';
import { openSession } from '../engine-session.ts';
import { verifyText } from '../render/verify.ts';
import { exitOfFailures } from './exit-of.ts';
import { onePipeline } from './pipeline-argument.ts';

export const verify: Command = {
  name: 'verify',
  summary: 'compare both sides and name what differs (exit 2: something does)',
  argument: onePipeline,
  options: [{ flags: '--repair', about: 'write what differs, and nothing else' }],
  examples: ['lockstep verify', 'lockstep verify shop --repair'],
  async run(input, context) {
    await using session = await openSession(context);
    const repair = flagOption(input, 'repair');
    const result = await session.engine.verify(session.pipeline(input), { signal: context.signal, repair });
    const exit = exitOfFailures(result.failures, result.equal ? 'ok' : 'pending');
    return { exit, data: { result }, text: verifyText(result) };
  },
};
