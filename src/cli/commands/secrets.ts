import { usageError } from '../../service/failure.ts';
import type { Lockstep } from '../../service/lockstep.ts';
import { nearestHint } from '../../service/nearest.ts';
import { newKey } from '../../service/secrets/new-key.ts';
import type { Command, CommandContext, CommandInput, CommandResult } from '../command.ts';
import { rotationText, secretsText, verificationText } from '../render/secrets.ts';
import { openSecretsSession } from '../secrets-session.ts';

const actions = ['list', 'verify', 'rotate', 'generate'] as const;
type Action = (typeof actions)[number];

export const secrets: Command = {
  name: 'secrets',
  summary: 'list keys and what they sealed, verify that all can be opened, rotate, or generate a key',
  argument: { spelling: '[action]', about: 'list, verify, rotate or generate (default: list)' },
  examples: ['lockstep secrets list', 'lockstep secrets generate', 'lockstep secrets rotate --json'],
  async run(input, context) {
    const action = actionOf(input);
    if (action === 'generate') return generate();
    await using session = await openSecretsSession(context);
    return await perform(action, session.secrets, context);
  },
};

function actionOf({ positionals: [word = 'list', ...more] }: CommandInput): Action {
  const action = actions.find((name) => name === word);
  if (action !== undefined && more.length === 0) return action;
  const detail =
    action === undefined
      ? `${word} is nothing that can be done with secrets${nearestHint(word, actions)}`
      : `${action} takes nothing more`;
  throw usageError(detail, `lockstep secrets ${actions.join(' | ')}`);
}

/** Needs no configuration. The key is what was asked for, and stands on stdout alone. */
function generate(): CommandResult {
  const result = newKey();
  return { exit: 'ok', data: { result }, text: [result.key] };
}

async function perform(
  action: Exclude<Action, 'generate'>,
  of: Lockstep['secrets'],
  { signal }: CommandContext,
): Promise<CommandResult> {
  switch (action) {
    case 'list': {
      const result = await of.list({ signal });
      return { exit: 'ok', data: { result }, text: secretsText(result) };
    }
    case 'verify': {
      const result = await of.verify({ signal });
      return {
        exit: result.unopened === 0 ? 'ok' : 'pending',
        data: { result },
        text: verificationText(result),
      };
    }
    case 'rotate': {
      const result = await of.rotate({ signal });
      const isDone = result.unopened === 0 && result.overtaken === 0;
      return { exit: isDone ? 'ok' : 'pending', data: { result }, text: rotationText(result) };
    }
  }
}
