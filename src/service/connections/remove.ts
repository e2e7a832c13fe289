import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { ConnectionParts } from './connections.ts';
import type { RemovedConnection } from './results.ts';
import { unknownConnection } from './reveal.ts';

export async function removeConnection(
  { handle, uses }: ConnectionParts,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): Promise<RemovedConnection> {
  const pipelines = uses.get(name) ?? [];
  if (pipelines.length > 0)
    throw new LockstepError('connection-used', { name, pipelines: pipelines.join(', ') });
  const { connections } = await handle.get();
  signal.throwIfAborted();
  if (!(await connections.remove(name))) throw await unknownConnection(connections, name);
  return { name };
}
