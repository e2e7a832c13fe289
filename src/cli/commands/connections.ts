import type { StoredConnections } from '../../service/connections/connections.ts';
import type { Command, CommandContext, CommandResult } from '../command.ts';
import { readSecret } from '../read-secret.ts';
import { connectionListText, removedText, savedText, testedText } from '../render/connections.ts';
import { openSecretsSession } from '../secrets-session.ts';
import { type ConnectionArguments, connectionArguments } from './connection-arguments.ts';

export const connections: Command = {
  name: 'connections',
  summary: 'list, set, test or remove connections that are kept sealed in the control store',
  argument: { spelling: '[action]', about: 'list, set, test or remove (default: list)' },
  // More than one are taken only to be refused: the refusal of the parser would repeat them, and one may be a URL.
  furtherArguments: [{ spelling: '[name...]', about: 'of the connection; its URL is read from stdin' }],
  options: [
    { flags: '--from-env <variable>', about: 'set takes the URL from a variable of the environment' },
    { flags: '--from-file <file>', about: 'set takes the URL from a file' },
  ],
  examples: [
    'lockstep connections list',
    'lockstep connections set shop < shop-url',
    'lockstep connections set shop --from-env SHOP_URL',
    'lockstep connections test shop',
  ],
  async run(input, context) {
    const asked = connectionArguments(input);
    await using session = await openSecretsSession(context);
    return await perform(asked, session.connections, context);
  },
};

async function perform(
  asked: ConnectionArguments,
  of: StoredConnections,
  context: CommandContext,
): Promise<CommandResult> {
  const { signal } = context;
  switch (asked.action) {
    case 'list': {
      const result = await of.list({ signal });
      return { exit: 'ok', data: { result }, text: connectionListText(result) };
    }
    case 'set': {
      const url = await readSecret(asked.from, context);
      const result = await of.set(asked.name, url, { signal });
      return { exit: 'ok', data: { result }, text: savedText(result) };
    }
    case 'test': {
      const result = await of.test(asked.name, { signal });
      return { exit: 'ok', data: { result }, text: testedText(result) };
    }
    case 'remove': {
      const result = await of.remove(asked.name, { signal });
      return { exit: 'ok', data: { result }, text: removedText(result) };
    }
  }
}
