import type { ExitName } from '../../protocol/errors/error-class.ts';
import { exitOfFailures } from '../../service/exit-of-failures.ts';
import type { RunResult } from '../../service/results.ts';
import { type Command, flagOption } from '../command.ts';
import { openSession } from '../engine-session.ts';
import { runText } from '../render/run.ts';
import { onePipeline } from './pipeline-argument.ts';

export const run: Command = {
  name: 'run',
  summary: 'bring the destination in step; goes on where an interrupted run stopped',
  argument: onePipeline,
  options: [
    {
      flags: '--compare',
      about: 'compare both sides as a whole, which an incremental or live pipeline does only by its schedule',
    },
  ],
  examples: ['lockstep run', 'lockstep run shop --compare', 'lockstep run shop --quiet --json'],
  async run(input, context) {
    await using session = await openSession(context);
    const result = await session.engine.run(session.pipeline(input), {
      signal: context.signal,
      compare: flagOption(input, 'compare'),
    });
    return { exit: exitOf(result), data: { result }, text: runText(result) };
  },
};

function exitOf(result: RunResult): ExitName {
  switch (result.result) {
    case 'equal':
      return 'ok';
    case 'pending':
      return 'pending';
    case 'failed':
      return exitOfFailures(result.failures, 'failed');
  }
}
