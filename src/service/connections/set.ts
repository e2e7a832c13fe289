import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { SecretText } from '../../protocol/secret.ts';
import { readHead } from '../../store/secrets/envelope.ts';
import type { ConnectionParts } from './connections.ts';
import { faultOfName } from './name.ts';
import { readUrl } from './read-url.ts';
import type { SavedConnection } from './results.ts';
import { purposeOf } from './seal.ts';

export async function setConnection(
  { handle, ring }: ConnectionParts,
  {
    name,
    url,
    signal,
  }: { readonly name: string; readonly url: SecretText | string; readonly signal: AbortSignal },
): Promise<SavedConnection> {
  const text = (url instanceof SecretText ? url.reveal() : url).trim();
  const read = await readUrl(new SecretText(text));
  const fault = faultOfName(name) ?? ('fault' in read ? read.fault : null);
  if (fault !== null || 'fault' in read)
    throw new LockstepError('connection-invalid', { name, detail: fault ?? '' });
  const sealed = ring.seal(Buffer.from(text, 'utf8'), purposeOf(name));
  if (sealed === null) throw new LockstepError('keys-missing', {});
  signal.throwIfAborted();
  const { connections } = await handle.get();
  const replaced = (await connections.get(name)) !== null;
  const savedAtMs = Date.now();
  await connections.put({ name, sealed, savedAtMs });
  const keyId = readHead(sealed)?.keyId ?? null;
  return { name, connector: read.connector.name, address: read.address, keyId, savedAtMs, replaced };
}
