import { isLockstepError, LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { Position, Shard } from '../../../../protocol/names.ts';
import type { DestinationState, WriteOptions } from '../../../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import {
  endOlderOwners,
  introducePipeline,
  lockFence,
  raiseFence,
  readMarks,
  readPositions,
} from './attach.sql.ts';
import { createState } from './create-state.ts';

/** How long one attempt waits for an older owner's transactions before it looks for sessions to end again. */
const patienceMs = 1000;

/** Makes our state, ends what an older owner has open, raises the fence. A repeat with the same fence changes nothing. */
export async function attachPipeline(
  { pool, layout, notice }: Destination,
  { lease, signal }: WriteOptions,
): Promise<DestinationState> {
  reach('destination.attach.before');
  const state = await pool.use(
    async (session) => {
      const isNew = await session.transaction(
        async () => {
          await createState(session, layout, { signal });
          const values = [lease.pipeline, lease.fence];
          const made = await session.query(introducePipeline(layout), values, { signal });
          reach('destination.introduce.before-commit');
          return made.rowCount === 1;
        },
        { signal },
      );
      reach('destination.introduce.after-commit');
      for (;;) {
        await session.query(endOlderOwners(lease.pipeline), [lease.fence], { signal });
        const raised = await tryToRaise(session, { layout, lease, signal });
        if (raised !== null) return { isNew, ...raised };
        notice({
          kind: 'waiting',
          message: `an older owner of ${lease.pipeline} still has a transaction open`,
        });
      }
    },
    { signal },
  );
  reach('destination.attach.after');
  return state;
}

type Raised = Omit<DestinationState, 'isNew'>;

/** Null: somebody held the row for longer than our patience. */
async function tryToRaise(
  session: Session,
  { layout, lease, signal }: Pick<Destination, 'layout'> & WriteOptions,
): Promise<Raised | null> {
  try {
    return await session.transaction(
      async () => {
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
        return { stateId: found.stateId, ...(await readState(session, { layout, lease, signal })) };
      },
      { begin: `BEGIN; SET LOCAL lock_timeout = ${patienceMs}`, signal },
    );
  } catch (thrown) {
    if (isLockstepError(thrown, 'lock-timeout')) return null;
    throw thrown;
  }
}

async function readState(
  session: Session,
  { layout, lease, signal }: Pick<Destination, 'layout'> & WriteOptions,
): Promise<Omit<Raised, 'stateId'>> {
  const positions = await session.query<{ shard: Shard; position: Position }>(
    readPositions(layout),
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
    marks: marksOf(own.rows[0]?.marks ?? '{}'),
    newestLetter: Number(own.rows[0]?.newestLetter ?? 0),
  };
}

function marksOf(text: string): ReadonlyMap<string, Position> {
  const marks: unknown = JSON.parse(text);
  const entries = typeof marks === 'object' && marks !== null ? Object.entries(marks) : [];
  return new Map(entries.map(([name, position]) => [name, String(position)]));
}
