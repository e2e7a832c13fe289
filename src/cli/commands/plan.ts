import { exitOfFailures } from '../../service/exit-of-failures.ts';
import type { Command } from '../command.ts';
import { openSession } from '../engine-session.ts';
import { planText } from '../render/plan.ts';
import { onePipeline } from './pipeline-argument.ts';

export const plan: Command = {
  name: 'plan',
  summary: 'show what a run would create, insert, change and remove; writes nothing (exit 2: something)',
  argument: onePipeline,
  examples: ['lockstep plan', 'lockstep plan shop --json'],
  async run(input, context) {
    await using session = await openSession(context);
    const result = await session.engine.plan(session.pipeline(input), { signal: context.signal });
    const exit = exitOfFailures(result.failures, result.inStep ? 'ok' : 'pending');
    return { exit, data: { result }, text: planText(result) };
  },
};
