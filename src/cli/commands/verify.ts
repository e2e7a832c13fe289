import { exitOfFailures } from '../../service/exit-of-failures.ts';
import { usageError } from '../../service/failure.ts';
import { type Command, flagOption } from '../command.ts';
import { openSession } from '../engine-session.ts';
import { requestText } from '../render/request.ts';
import { verifyText } from '../render/verify.ts';
import { onePipeline } from './pipeline-argument.ts';
import { tellProgress } from './waiting.ts';

export const verify: Command = {
  name: 'verify',
  summary: 'compare both sides and name what differs (exit 2: something does)',
  argument: onePipeline,
  options: [
    { flags: '--repair', about: 'write what differs, and nothing else' },
    { flags: '--no-wait', about: 'with --repair, of a live pipeline: only ask its engine' },
  ],
  examples: ['lockstep verify', 'lockstep verify shop --repair'],
  async run(input, context) {
    const repair = flagOption(input, 'repair');
    const wait = input.options['wait'] !== false;
    if (!wait && !repair)
      throw usageError('--no-wait needs --repair', 'Without --repair nothing is asked of an engine.');
    await using session = await openSession(context);
    const { signal, terminal } = context;
    const pipeline = session.pipeline(input);
    if (!wait) {
      const request = await session.engine.askRepair(pipeline, { signal, wait });
      return { exit: 'ok', data: { result: request }, text: requestText(request) };
    }
    const result = await session.engine.verify(pipeline, {
      signal,
      repair,
      onProgress: tellProgress(terminal),
    });
    const exit = exitOfFailures(result.failures, result.equal ? 'ok' : 'pending');
    return { exit, data: { result }, text: verifyText(result) };
  },
};
