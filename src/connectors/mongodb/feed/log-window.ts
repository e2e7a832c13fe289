import { isLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { type Finding, finding } from '../../../protocol/finding.ts';
import { type ClusterTime, millisecondsOf, timeOfTimestamp } from '../cluster-time.ts';
import type { Deployment } from '../session/deployment.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

const collection = 'local.oplog.rs';
const hourMs = 3_600_000;
/** Shorter than a maintenance: being away for so long is everyday life. */
const shortMs = hourMs;
/** The server cuts its log by a hundredth of its size or so at a time. */
const fullShare = 0.9;

const grant = 'db.getSiblingDB("admin").grantRolesToUser(…, [{ role: "clusterMonitor", db: "admin" }])';
const resize = 'db.adminCommand({ replSetResizeOplog: 1, size: 51200, minRetentionHours: 24 })';

/** From the first entry of the source's log to its last; null: it is not for this user to see, or there is none. */
export function readLogSpan(deployment: Deployment, { signal }: SignalOption): Promise<number | null> {
  return unlessDenied(() =>
    deployment.run({ signal, collection }, async () => {
      const log = deployment.client.db('local').collection('oplog.rs');
      const timeAt = async ($natural: 1 | -1): Promise<ClusterTime | null> => {
        const entry = await log.findOne({}, { sort: { $natural }, projection: { ts: 1 }, signal });
        return timeOfTimestamp(entry?.['ts']);
      };
      const [first, last] = [await timeAt(1), await timeAt(-1)];
      return first === null || last === null ? null : millisecondsOf(last) - millisecondsOf(first);
    }),
  );
}

interface LogLimits {
  /** It has its whole size, so that each new entry drives an old one out. */
  readonly isFull: boolean;
  /** Kept for so long whatever its size. */
  readonly leastHours: number;
}

function readLogLimits(deployment: Deployment, { signal }: SignalOption): Promise<LogLimits | null> {
  return unlessDenied(() =>
    deployment.run({ signal, collection }, async () => {
      const local = deployment.client.db('local');
      const { size, maxSize } = await local.command({ collStats: 'oplog.rs' }, { signal });
      const status = await deployment.client.db('admin').command({ serverStatus: 1 }, { signal });
      const leastHours = Number(status['oplogTruncation']?.oplogMinRetentionHours ?? 0);
      return { isFull: Number(size) >= Number(maxSize) * fullShare, leastHours };
    }),
  );
}

async function unlessDenied<Result>(read: () => Promise<Result>): Promise<Result | null> {
  try {
    return await read();
  } catch (thrown) {
    if (isLockstepError(thrown, 'permission-denied')) return null;
    throw thrown;
  }
}

/** How long a pipeline may be away before its source has forgotten what it still needs. */
export async function checkLogWindow(deployment: Deployment, options: SignalOption): Promise<Finding> {
  const { address, user } = deployment.endpoint;
  const spanMs = await readLogSpan(deployment, options);
  const limits = spanMs === null ? null : await readLogLimits(deployment, options);
  if (spanMs === null) {
    const details = { address, user: user ?? 'the user', grant };
    return finding({ level: 'info', subject: 'source' }, 'mongodb-log-window-unknown', details);
  }
  // Of a young log it is not known yet how far it will reach.
  const isShort = limits?.isFull === true && Math.max(spanMs, limits.leastHours * hourMs) < shortMs;
  const level = isShort ? 'warning' : 'info';
  return finding({ level, subject: 'source' }, 'mongodb-log-window', {
    address,
    window: describe(spanMs, limits),
    resize,
  });
}

function describe(spanMs: number, limits: LogLimits | null): string {
  const span = spanMs < hourMs ? `${Math.round(spanMs / 60_000)} min` : `${Math.floor(spanMs / hourMs)} h`;
  if (limits === null) return span;
  const { isFull, leastHours } = limits;
  const more = isFull ? '' : ', and is not full yet';
  return `${span}${more}${leastHours > 0 ? `, and is kept for ${leastHours} h at least` : ''}`;
}
