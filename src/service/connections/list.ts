import type { StoredConnection } from '../../protocol/control-store.ts';
import { SecretText } from '../../protocol/secret.ts';
import { readHead } from '../../store/secrets/envelope.ts';
import type { ConnectionParts } from './connections.ts';
import { readUrl } from './read-url.ts';
import type { ConnectionList, ListedConnection } from './results.ts';
import { openConnection, urlOf } from './seal.ts';

export async function listConnections(
  parts: ConnectionParts,
  { signal }: { readonly signal: AbortSignal },
): Promise<ConnectionList> {
  parts.ring.refresh();
  const store = await parts.handle.get();
  signal.throwIfAborted();
  const kept = await store.connections.list();
  return { connections: await Promise.all(kept.map((connection) => listed(parts, connection))) };
}

async function listed({ ring, uses }: ConnectionParts, kept: StoredConnection): Promise<ListedConnection> {
  const { name, sealed, savedAtMs } = kept;
  const common = { name, keyId: readHead(sealed)?.keyId ?? null, savedAtMs, usedBy: uses.get(name) ?? [] };
  const opened = openConnection(ring, kept);
  if (opened.kind !== 'opened') return { ...common, connector: null, address: null, withheld: opened.kind };
  const read = await readUrl(new SecretText(urlOf(opened.bytes)));
  // What another version of ours could read.
  if ('fault' in read) return { ...common, connector: null, address: null, withheld: null };
  return { ...common, connector: read.connector.name, address: read.address, withheld: null };
}
