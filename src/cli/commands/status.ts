import type { ExitName } from '../../protocol/errors/error-class.ts';
import type { StatusResult } from '../../service/results.ts';
import { type Command, flagOption } from '../command.ts';
import { openSession } from '../engine-session.ts';
import { statusText } from '../render/status.ts';
import { anyPipeline } from './pipeline-argument.ts';
import { watchStatus } from './watch-status.ts';

export const status: Command = {
  name: 'status',
  summary: 'say how pipelines are, from the control store alone (exit 1: failed, 2: something waits)',
  argument: anyPipeline,
  options: [{ flags: '--watch', about: 'again every second, until Ctrl-C' }],
  examples: ['lockstep status', 'lockstep status shop --json', 'lockstep status --watch'],
  async run(input, context) {
    await using session = await openSession(context, { progress: false });
    const pipeline = session.pipelineOrAll(input);
    const text = (results: readonly StatusResult[]) =>
      results.flatMap((each) => statusText(each, Date.now()));
    const json = (result: readonly StatusResult[]) =>
      JSON.stringify({ ok: exitOf(result) === 'ok', command: 'status', result });
    const result = flagOption(input, 'watch')
      ? await watchStatus({ read: () => session.engine.status(pipeline), text, json }, context)
      : await session.engine.status(pipeline, { signal: context.signal });
    return { exit: exitOf(result), data: { result }, text: text(result) };
  },
};

function exitOf(results: readonly StatusResult[]): ExitName {
  if (results.some((result) => result.status === 'failed')) return 'failed';
  return results.some(isPending) ? 'pending' : 'ok';
}

const isPending = ({ deadLetters, guards }: StatusResult): boolean =>
  deadLetters.some(({ count }) => count > 0) || guards.some(({ state }) => state === 'waiting');
