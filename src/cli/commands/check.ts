import { exitOfFailures } from '../../service/exit-of-failures.ts';
import type { Command } from '../command.ts';
import { openSession } from '../engine-session.ts';
import { checkText } from '../render/findings.ts';
import { anyPipeline } from './pipeline-argument.ts';

export const check: Command = {
  name: 'check',
  summary: 'say what would go wrong or be lost; changes nothing',
  argument: anyPipeline,
  examples: ['lockstep check', 'lockstep check shop --json'],
  async run(input, context) {
    await using session = await openSession(context);
    const result = await session.engine.check(session.pipelineOrAll(input), { signal: context.signal });
    const errors = result.flatMap(({ findings }) => findings.filter((finding) => finding.level === 'error'));
    return { exit: exitOfFailures(errors, 'ok'), data: { result }, text: result.flatMap(checkText) };
  },
};
