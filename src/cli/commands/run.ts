import type { ExitName } from '../../protocol/errors/error-class.ts';
import type { RunResult } from '../../service/results.ts';
import type { Command } from '../command.ts';
import { openSession } from '../engine-session.ts';
import { runText } from '../render/run.ts';
import { exitOfFailures } from './exit-of.ts';
import { onePipeline } from './pipeline-argument.ts';

export const run: Command = {
  name: 'run',
  summary: 'bring the destination in step; goes on where an interrupted run stopped',
  argument: onePipeline,
  examples: ['lockstep run', 'lockstep run shop --quiet --json'],
  async run(input, context) {
    await using session = await openSession(context);
    const result = await session.engine.run(session.pipeline(input), { signal: context.signal });
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
