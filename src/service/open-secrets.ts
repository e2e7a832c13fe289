import { Keyring } from '../store/secrets/keyring.ts';
import type { LockstepConfig } from './config/define-config.ts';
import type { ResolvedConfig } from './config/resolved-config.ts';
import { openStoredConnections, type StoredConnections } from './connections/connections.ts';
import { type LockstepOptions, resolveGiven } from './create-lockstep.ts';
import { openSecrets, type Secrets } from './secrets/sealed/secrets.ts';
import { StoreHandle } from './store-handle.ts';

/** Keys and stored connections without an engine. Used with `await using`. */
export interface OpenSecrets extends AsyncDisposable {
  readonly secrets: Secrets;
  readonly connections: StoredConnections;
}

/** For a configuration whose stored connections can't be opened yet: nothing of it is connected to, and they need not be there. */
export async function openSecretsOf(
  config: LockstepConfig,
  options: LockstepOptions = {},
): Promise<OpenSecrets> {
  return secretsOf(await resolveGiven(config, { ...options, connections: 'unread' }));
}

export function secretsOf({ store: place, references, connectionUses: uses }: ResolvedConfig): OpenSecrets {
  const handle = new StoreHandle(place);
  const ring = new Keyring(place.keys);
  return {
    secrets: openSecrets({ store: () => handle.get(), ring, references }),
    connections: openStoredConnections({ handle, ring, uses }),
    [Symbol.asyncDispose]: () => handle[Symbol.asyncDispose](),
  };
}
