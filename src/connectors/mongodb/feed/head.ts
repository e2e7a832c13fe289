import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { type ClusterTime, timeOfTimestamp } from '../cluster-time.ts';
import type { Deployment } from '../session/deployment.ts';

export interface Head {
  readonly time: ClusterTime;
  /** The server's clock. */
  readonly atMs: number;
}

/**
 * Where the primary's log ends, also of what no majority has yet. Whatever finished reads have seen is at or before it, whoever was primary
 * then: a member that lacks something of that is not elected. And reads that begin later ask for a time that is no older, so they show it.
 */
export async function readHead(
  deployment: Deployment,
  { signal }: { readonly signal: AbortSignal },
): Promise<Head> {
  const hello = await deployment.run({ signal }, (db) => db.command({ hello: 1 }, { signal }));
  const time = timeOfTimestamp(hello['operationTime']);
  const clock: unknown = hello['localTime'];
  if (time === null || !(clock instanceof Date))
    throw new LockstepError('mongodb-standalone', {
      address: deployment.endpoint.address,
      detail: 'it has no log of changes',
    });
  return { time, atMs: clock.getTime() };
}
