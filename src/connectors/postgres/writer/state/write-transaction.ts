import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { type Failpoint, reach } from '../../../../protocol/failpoints.ts';
import type { WriteLease, WriteOptions } from '../../../../protocol/writer.ts';
import { quoteLiteral } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { endAbandoned, shareFence } from './fence.sql.ts';
import { sessionTag } from './session-tag.ts';

export interface WriteTransactionOptions extends WriteOptions {
  /** Names the collection in errors. */
  readonly collection?: string;
  /** Reached right before its commit, and right after. */
  readonly point?: CommitPoint;
}

/** `destination.append`, of which there are the failpoints `destination.append.before-commit` and `….after-commit`. */
type CommitPoint = PointOf<Failpoint>;
type PointOf<Name> = Name extends `${infer Point}.before-commit` ? Point : never;

/** One transaction that writes only while its fence is the newest that the destination has seen. */
export async function writeTransaction<T>(
  destination: Destination,
  { lease, signal, point }: WriteTransactionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  // Only inside: an idle session holds nothing up, so a takeover need not end it.
  const begin = `BEGIN; SET LOCAL application_name = ${quoteLiteral(sessionTag(lease.pipeline, lease.fence))}`;
  const result = await destination.pool.use(
    (session) =>
      session.transaction(
        async () => {
          await checkFence(session, destination, { lease, signal });
          const result = await work(session);
          if (point !== undefined) reach(`${point}.before-commit`);
          return result;
        },
        { begin, signal },
      ),
    { signal },
  );
  if (point !== undefined) reach(`${point}.after-commit`);
  return result;
}

/** For transactions that others begin: names the session and checks the fence as their first work. */
export async function enterFence(
  session: Session,
  destination: Destination,
  { lease, signal }: WriteOptions,
): Promise<void> {
  await session.execute(
    `SET LOCAL application_name = ${quoteLiteral(sessionTag(lease.pipeline, lease.fence))}`,
    { signal },
  );
  await checkFence(session, destination, { lease, signal });
}

interface FenceRequest {
  readonly lease: WriteLease;
  readonly signal: AbortSignal;
}

/**
 * A transaction of ours whose connection was lost may be committing still, or hold locks until the network notices. It is ended before
 * anything is written again, so that it comes neither late nor in the way.
 */
export async function settleAbandoned(
  session: Session,
  { pool }: Destination,
  { lease, signal }: FenceRequest,
): Promise<void> {
  const processIds = [...pool.abandoned];
  if (processIds.length === 0) return;
  const values = [processIds, sessionTag(lease.pipeline, lease.fence)];
  const { rows } = await session.query<{ pid: number; ended: boolean }>(endAbandoned, values, { signal });
  const alive = rows.find(({ ended }) => !ended);
  if (alive !== undefined) {
    const detail = `its server process ${alive.pid} is still at work`;
    throw new LockstepError('connection-lost', { address: pool.address, detail });
  }
  for (const processId of processIds) pool.abandoned.delete(processId);
}

async function checkFence(
  session: Session,
  destination: Destination,
  { lease, signal }: FenceRequest,
): Promise<void> {
  const { layout, pool } = destination;
  await settleAbandoned(session, destination, { lease, signal });
  const { rows } = await session.query<{ fence: string }>(shareFence(layout), [lease.pipeline], { signal });
  const stored = rows[0];
  if (stored === undefined) {
    const detail = `its state of the pipeline ${lease.pipeline} at ${pool.address} is gone`;
    throw new LockstepError('destination-restored', { detail });
  }
  if (Number(stored.fence) > lease.fence) throw new LockstepError('fence-lost', { pipeline: lease.pipeline });
}
