import type { ConnectionStore } from '../../protocol/control-store.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { nearestHint } from '../../protocol/nearest-name.ts';
import { SecretText } from '../../protocol/secret.ts';
import type { Keyring } from '../../store/secrets/keyring.ts';
import { openConnection, urlOf } from './seal.ts';

/** The URL that is kept under a name. Throws `connection-unknown`, `connection-key-unknown`, `connection-damaged` or `keys-missing`. */
export async function revealConnection(
  connections: ConnectionStore,
  { name, ring }: { readonly name: string; readonly ring: Keyring },
): Promise<SecretText> {
  const kept = await connections.get(name);
  if (kept === null) throw await unknownConnection(connections, name);
  const opened = openConnection(ring, kept);
  if (opened.kind === 'opened') return new SecretText(urlOf(opened.bytes));
  if (opened.kind === 'damaged')
    throw new LockstepError('connection-damaged', { name, detail: opened.detail });
  if (ring.keyIds.length === 0) throw new LockstepError('keys-missing', {});
  throw new LockstepError('connection-key-unknown', { name, keyId: opened.keyId });
}

export async function unknownConnection(connections: ConnectionStore, name: string): Promise<LockstepError> {
  const names = (await connections.list()).map((kept) => kept.name);
  const known = `${names.join(', ') || 'none'}${nearestHint(name, names)}`;
  return new LockstepError('connection-unknown', { name, known });
}
