import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { ConnectionParts } from './connections.ts';
import { readUrl } from './read-url.ts';
import type { ConnectionTest } from './results.ts';
import { revealConnection } from './reveal.ts';

/** As a source: whoever can be read from can be connected to. Writes nothing. */
export async function testConnection(
  { handle, ring }: ConnectionParts,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): Promise<ConnectionTest> {
  const { connections } = await handle.get();
  const read = await readUrl(await revealConnection(connections, { name, ring }));
  if ('fault' in read) throw new LockstepError('connection-invalid', { name, detail: read.fault });
  const { connector, config, address } = read;
  if (connector.openReader === undefined)
    throw new LockstepError('connector-lacks-role', { name: connector.name, role: 'source' });
  const startedAt = performance.now();
  const context = { pipeline: name, signal, lanes: 1, notice: () => undefined };
  await using reader = await connector.openReader(config, context);
  const { label } = await reader.identity({ signal });
  const milliseconds = Math.round(performance.now() - startedAt);
  return { name, connector: connector.name, address, server: label, milliseconds };
}
