import type { ExitName } from '../../protocol/errors/error-class.ts';
import type { StatusResult } from '../../service/results.ts';
import type { Command } from '../command.ts';
import { openSession } from '../engine-session.ts';
import { statusText } from '../render/status.ts';
import { anyPipeline } from './pipeline-argument.ts';

export const status: Command = {
  name: 'status',
  summary: 'say how pipelines are, from the control store alone (exit 1: failed, 2: something waits)',
  argument: anyPipeline,
  examples: ['lockstep status', 'lockstep status shop --json'],
  async run(input, context) {
    await using session = await openSession(context);
    const result = await session.engine.status(session.pipelineOrAll(input), { signal: context.signal });
    return { exit: exitOf(result), data: { result }, text: result.flatMap(statusText) };
  },
};

function exitOf(results: readonly StatusResult[]): ExitName {
  if (results.some((result) => result.status === 'failed')) return 'failed';
  const waits = results.some((result) => result.deadLetters.length > 0 || result.guards.some(isWaiting));
  return waits ? 'pending' : 'ok';
}

const isWaiting = (guard: StatusResult['guards'][number]): boolean => guard.state === 'waiting';
