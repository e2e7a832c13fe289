import { usageError } from '../../service/failure.ts';
import { nearestHint } from '../../service/nearest.ts';
import type { Command, CommandContext, CommandResult } from '../command.ts';
import { type EngineSession, openSession } from '../engine-session.ts';
import { alertsText, testedText } from '../render/alerts.ts';

const actions = ['list', 'test'] as const;

export const alerts: Command = {
  name: 'alerts',
  summary:
    'list alerts, or send a test message to each target (exit 2: some fire, 4: a target was not reached)',
  argument: { spelling: '[action]', about: 'list or test (default: list)' },
  furtherArguments: [
    { spelling: '[name...]', about: 'of list: a pipeline; of test: targets (default: all)' },
  ],
  examples: [
    'lockstep alerts list',
    'lockstep alerts list shop --json',
    'lockstep alerts test',
    'lockstep alerts test pager',
  ],
  async run(input, context) {
    const [word = 'list', ...names] = input.positionals;
    const action = actions.find((each) => each === word);
    if (action === undefined)
      throw usageError(
        `alerts has no action ${word}${nearestHint(word, actions)}`,
        'lockstep alerts list | test',
      );
    await using session = await openSession(context, { progress: false });
    switch (action) {
      case 'list':
        return await list(session, names, context);
      case 'test':
        return await test(session, names, context);
    }
  },
};

async function list(
  { engine, pipelineOrAll }: EngineSession,
  names: readonly string[],
  { signal }: CommandContext,
): Promise<CommandResult> {
  const [, second] = names;
  if (second !== undefined)
    throw usageError('alerts list takes one pipeline at most', 'lockstep alerts list [pipeline]');
  const result = await engine.alerts(pipelineOrAll({ positionals: names, options: {} }), { signal });
  const fires = result.some((each) => each.alerts.some(({ state }) => state === 'firing'));
  return { exit: fires ? 'pending' : 'ok', data: { result }, text: result.flatMap(alertsText) };
}

async function test(
  { engine }: EngineSession,
  names: readonly string[],
  { signal }: CommandContext,
): Promise<CommandResult> {
  const result = await engine.testAlerts(names.length === 0 ? undefined : names, { signal });
  const exit = result.every(({ delivered }) => delivered) ? 'ok' : 'connection';
  return { exit, data: { result }, text: result.map(testedText) };
}
