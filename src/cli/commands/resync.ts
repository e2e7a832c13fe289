import type { Command } from '../command.ts';
import { openSession } from '../engine-session.ts';
import { requestText } from '../render/request.ts';
import { onePipeline } from './pipeline-argument.ts';
import { noWait, tellProgress } from './waiting.ts';

export const resync: Command = {
  name: 'resync',
  summary: 'bring collections of a live pipeline in step anew, while its stream goes on',
  argument: onePipeline,
  furtherArguments: [{ spelling: '[collection...]', about: 'their names (default: all)' }],
  options: [noWait],
  examples: ['lockstep resync shop', 'lockstep resync shop public.orders public.lines --no-wait'],
  async run(input, context) {
    await using session = await openSession(context, { progress: false });
    const [, ...collections] = input.positionals;
    const result = await session.engine.resync(session.pipeline(input), {
      signal: context.signal,
      wait: input.options['wait'] !== false,
      onProgress: tellProgress(context.terminal),
      ...(collections.length === 0 ? {} : { collections }),
    });
    return { exit: 'ok', data: { result }, text: requestText(result) };
  },
};
