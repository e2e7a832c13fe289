import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { CollectionPlan } from '../../../../protocol/mapping.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import { describeTable } from '../../catalog/describe-table.ts';
import type { PgTable } from '../../catalog/pg-table.ts';
import { ensureCreated } from '../../create/ensure.ts';
import { formatName, parseName } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { enterFence } from '../state/write-transaction.ts';
import { claimCreated, withdrawDecision } from './decision.sql.ts';

/** The target as it is, made before if it is missing and the plan may. */
export async function findOrCreate(
  session: Session,
  destination: Destination,
  { plan, lease, signal }: WriteOptions & { readonly plan: CollectionPlan },
): Promise<PgTable> {
  const name = parseName(plan.target, destination.defaultSchema);
  const found = await describeTable(session, name, { signal });
  if (found !== null) return found;
  if (!plan.create) throw unknown(plan);
  reach('destination.create.before');
  await create(session, destination, { plan, lease, signal });
  reach('destination.create.after');
  const created = await describeTable(session, name, { signal });
  if (created === null) throw unknown(plan);
  return created;
}

/** That the table is ours is written in the transaction that makes it: a process that dies leaves neither or both. */
async function create(
  session: Session,
  destination: Destination,
  { plan, lease, signal }: WriteOptions & { readonly plan: CollectionPlan },
): Promise<void> {
  const { layout, defaultSchema, notice } = destination;
  const target = formatName(parseName(plan.target, defaultSchema));
  const steps = await ensureCreated(session, plan, {
    defaultSchema,
    signal,
    fence: async (creator) => {
      await enterFence(creator, destination, { lease, signal });
      await creator.query(claimCreated(layout), [lease.pipeline, target], { signal });
    },
  });
  for (const { what } of steps) notice({ kind: 'statement', message: what });
  if (steps.length > 0) return;
  const withdraw = async (): Promise<void> => {
    await enterFence(session, destination, { lease, signal });
    await session.query(withdrawDecision(layout), [lease.pipeline, target], { signal });
  };
  await session.transaction(withdraw, { signal });
}

const unknown = (plan: CollectionPlan): LockstepError =>
  new LockstepError('collection-unknown', { side: 'destination', collection: plan.target, nearest: '' });
