import type { OpenSecrets } from '../service/open-secrets.ts';
import type { CommandContext } from './command.ts';
import { loadConfiguration } from './load-configuration.ts';

/** Keys and stored connections of the user's configuration. Connections that can't be opened stand in nobody's way here. */
export async function openSecretsSession(context: CommandContext): Promise<OpenSecrets> {
  const config = await loadConfiguration(context, { connections: 'unread' });
  const { secretsOf } = await import('../service/open-secrets.ts');
  return secretsOf(config);
}
