import type { Document } from 'mongodb';
import { isLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { type Finding, finding } from '../../../../protocol/finding.ts';
import type { LoadReading } from '../../../../protocol/writer.ts';
import type { ThrottleConfig } from '../../config.ts';
import type { Deployment } from '../../session/deployment.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/** By each measure that has a limit. */
export async function readLoad(
  deployment: Deployment,
  { replicaLagMs, queuedOperations }: ThrottleConfig,
  options: SignalOption,
): Promise<readonly LoadReading[]> {
  const ask = (command: Document) =>
    deployment.run(options, () => deployment.client.db('admin').command(command, options));
  return [
    ...(replicaLagMs === undefined ? [] : [lagReading(await ask({ replSetGetStatus: 1 }), replicaLagMs)]),
    ...(queuedOperations === undefined
      ? []
      : [queueReading(await ask({ serverStatus: 1 }), queuedOperations)]),
  ];
}

/** Of members that hold data and can be heard; one that is away does not come nearer by our waiting. */
function lagReading({ members }: Document, limitMs: number): LoadReading {
  const states: readonly Document[] = members;
  const timeOf = ({ optimeDate }: Document): number => Number(optimeDate);
  const primary = states.find(({ stateStr }) => stateStr === 'PRIMARY');
  const secondaries = states.filter(({ stateStr }) => stateStr === 'SECONDARY').map(timeOf);
  const newest = primary === undefined ? 0 : timeOf(primary);
  const lagMs = Math.max(0, ...secondaries.map((time) => newest - time));
  const text = `a member is ${lagMs / 1000} s behind (limit ${limitMs / 1000} s)`;
  return { text, isBusy: lagMs > limitMs };
}

function queueReading({ globalLock }: Document, limit: number): LoadReading {
  const queued = Number(globalLock?.currentQueue?.total ?? 0);
  return { text: `${queued} operations wait in its queue (limit ${limit})`, isBusy: queued > limit };
}

/** What keeps it from being read. */
export async function checkLoad(
  deployment: Deployment,
  throttle: ThrottleConfig,
  options: SignalOption,
): Promise<readonly Finding[]> {
  try {
    await readLoad(deployment, throttle, options);
    return [];
  } catch (thrown) {
    if (!isLockstepError(thrown, 'permission-denied')) throw thrown;
    const user = deployment.endpoint.user ?? 'nobody';
    const detail = 'what destination.throttle looks at is hidden from it';
    const grant = 'db.getSiblingDB("admin").grantRolesToUser(…, [{ role: "clusterMonitor", db: "admin" }])';
    return [
      finding({ level: 'error', subject: 'destination' }, 'permission-denied', { user, detail, grant }),
    ];
  }
}
