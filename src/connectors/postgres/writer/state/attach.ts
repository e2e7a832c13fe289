import { isLockstepError, LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { PipelineName, Position, Shard } from '../../../../protocol/names.ts';
import type { DestinationState, WriteOptions } from '../../../../protocol/writer.ts';
import { beginBrief } from '../../session/brief-transaction.ts';
import { endOlderOwners } from '../../session/older-owners.sql.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import {
  introducePipeline,
  lockFence,
  raiseFence,
  readLanePositions,
  readMarks,
  readPositions,
} from './attach.sql.ts';
import { createState } from './create-state.ts';
import { sessionTagPrefix } from './session-tag.ts';
import { stateHolders } from './state-holders.ts';
import { settleAbandoned } from './write-transaction.ts';

/** How long one attempt waits for an older owner's transactions before it looks for sessions to end again. */
const patienceMs = 1000;

/** Makes our state, ends what an older owner has open, raises the fence. A repeat with the same fence changes nothing. */
export async function attachPipeline(
  destination: Destination,
  options: WriteOptions,
): Promise<DestinationState> {
  const { signal } = options;
  reach('destination.attach.before');
  const state = await destination.pool.use((session) => takeOver(session, destination, options), { signal });
  reach('destination.attach.after');
  return state;
}

async function takeOver(
  session: Session,
  destination: Destination,
  { lease, signal }: WriteOptions,
): Promise<DestinationState> {
  const { layout, notice } = destination;
  const { pipeline, fence } = lease;
  const request = { layout, lease, signal };
  for (let isNew = false; ; ) {
    await session.query(endOlderOwners(sessionTagPrefix(pipeline)), [fence], { signal });
    await settleAbandoned(session, destination, { lease, signal });
    const introduced = await patiently(session, request, () => introduce(session, request));
    if (introduced !== null) {
      reach('destination.introduce.after-commit');
      isNew ||= introduced;
      const raised = await patiently(session, request, () => raise(session, request));
      if (raised !== null) return { isNew, ...raised };
    }
    const holders = await stateHolders(session, layout, { signal });
    notice({ kind: 'waiting', message: waitingFor(holders, pipeline) });
  }
}

const waitingFor = (holders: readonly string[], pipeline: PipelineName): string =>
  `taking over ${pipeline} waits for ${holders.join('; ') || 'another engine that makes its tables'} to end the transaction that holds our state at the destination`;

type Request = Pick<Destination, 'layout'> & WriteOptions;
type Raised = Omit<DestinationState, 'isNew'>;

/**
 * Null: somebody held what is needed for longer than our patience. A newer owner does not end this, or two that start at once would hear of
 * a lost connection and not who is the newer: the server does, should we fall silent.
 */
async function patiently<T>(
  session: Session,
  { signal }: Request,
  work: () => Promise<T>,
): Promise<T | null> {
  const begin = `${beginBrief}; SET LOCAL lock_timeout = ${patienceMs}`;
  try {
    return await session.transaction(work, { begin, signal });
  } catch (thrown) {
    if (isLockstepError(thrown, 'lock-timeout')) return null;
    throw thrown;
  }
}

/** Whether the pipeline was unknown. */
async function introduce(session: Session, { layout, lease, signal }: Request): Promise<boolean> {
  await createState(session, layout, { signal });
  const values = [lease.pipeline, lease.fence];
  const made = await session.query(introducePipeline(layout), values, { signal });
  reach('destination.introduce.before-commit');
  return made.rowCount === 1;
}

async function raise(session: Session, request: Request): Promise<Raised> {
  const { layout, lease, signal } = request;
  const { rows } = await session.query<{ fence: string; stateId: string }>(
    lockFence(layout),
    [lease.pipeline],
    { signal },
  );
  const found = rows[0];
  if (found === undefined || Number(found.fence) > lease.fence) {
    throw new LockstepError('fence-lost', { pipeline: lease.pipeline });
  }
  await session.query(raiseFence(layout), [lease.pipeline, lease.fence], { signal });
  return { stateId: found.stateId, ...(await readState(session, request)) };
}

async function readState(
  session: Session,
  { layout, lease, signal }: Request,
): Promise<Omit<Raised, 'stateId'>> {
  const positions = await session.query<{ shard: Shard; position: Position }>(
    readPositions(layout),
    [lease.pipeline],
    { signal },
  );
  const lanes = await session.query<{ shard: Shard; position: Position }>(
    readLanePositions(layout),
    [lease.pipeline],
    { signal },
  );
  const own = await session.query<{ marks: string; newestLetter: string }>(
    readMarks(layout),
    [lease.pipeline],
    { signal },
  );
  return {
    positions: new Map(positions.rows.map(({ shard, position }) => [shard, position])),
    lanePositions: byShard(lanes.rows),
    marks: marksOf(own.rows[0]?.marks ?? '{}'),
    newestLetter: Number(own.rows[0]?.newestLetter ?? 0),
  };
}

function byShard(
  rows: readonly { readonly shard: Shard; readonly position: Position }[],
): ReadonlyMap<Shard, readonly Position[]> {
  const grouped = Map.groupBy(rows, ({ shard }) => shard);
  return new Map([...grouped].map(([shard, own]) => [shard, own.map(({ position }) => position)]));
}

function marksOf(text: string): ReadonlyMap<string, Position> {
  const marks: unknown = JSON.parse(text);
  const entries = typeof marks === 'object' && marks !== null ? Object.entries(marks) : [];
  return new Map(entries.map(([name, position]) => [name, String(position)]));
}
