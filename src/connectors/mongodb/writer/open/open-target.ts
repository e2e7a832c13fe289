import { MongoServerError } from 'mongodb';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { CollectionPlan, Scope } from '../../../../protocol/mapping.ts';
import type { Shape } from '../../../../protocol/shape.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import { describeCollection } from '../../catalog/describe-collection.ts';
import { ownedCollection } from '../../names.ts';
import type { Destination } from '../destination.ts';
import { makeModel, type TargetModel } from '../model.ts';
import { readDecision, requireFence } from '../state/read-state.ts';
import { type TargetState, targetId } from '../state/state-documents.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { creationOf } from './creation.ts';

export interface OpenedTarget {
  readonly model: TargetModel;
  /** Of our making, so its indexes and validator are ours to build. */
  readonly createdByUs: boolean;
  readonly startedEmpty: boolean;
}

export type OpenRequest = WriteOptions & { readonly plan: CollectionPlan };

/** Finds or makes the target, and decides (once and for all) whether its documents are ours. */
export async function openTarget(destination: Destination, request: OpenRequest): Promise<OpenedTarget> {
  const { plan, signal } = request;
  await requireFence(destination, request);
  const found = await describeCollection(destination.deployment, plan.target, { signal });
  const shape = found ?? (await create(destination, request));
  const startedEmpty = await hasNoDocument(destination, { collection: plan.target, signal });
  const decision = await readDecision(destination, { target: plan.target, signal });
  const scope = resolveScope(plan, decision ?? (startedEmpty ? ours : null));
  if (decision === null) await settle(destination, { ...request, isShared: !startedEmpty });
  if (scope.kind === 'owned') await makeOwnedCollection(destination, request);
  const { pipeline } = destination;
  const model = makeModel({ ...plan, scope, targetShape: shape }, { shape, pipeline });
  return { model, createdByUs: decision?.createdByUs ?? false, startedEmpty };
}

/** As `open` would find it, with nothing made or remembered. Null: it does not exist. */
export async function inspectTarget(
  destination: Destination,
  { plan, signal }: Pick<OpenRequest, 'plan' | 'signal'>,
): Promise<OpenedTarget | null> {
  const shape = await describeCollection(destination.deployment, plan.target, { signal });
  if (shape === null) return null;
  const startedEmpty = await hasNoDocument(destination, { collection: plan.target, signal });
  const decision = await readDecision(destination, { target: plan.target, signal });
  const scope = resolveScope(plan, decision ?? (startedEmpty ? ours : null));
  const { pipeline } = destination;
  const model = makeModel({ ...plan, scope, targetShape: shape }, { shape, pipeline });
  return { model, createdByUs: decision?.createdByUs ?? false, startedEmpty };
}

/** What we made or found empty is ours; of the rest what we write. */
export function resolveScope({ scope }: CollectionPlan, decision: Decision | null): Scope {
  if (scope.kind !== 'default') return scope;
  return { kind: decision === null || decision.isShared === true ? 'owned' : 'all' };
}

type Decision = Pick<TargetState, 'isShared'>;

export const ours: Decision = { isShared: false };

/** It can't be made by the transactions that write it, as those that come at once would refuse each other. */
async function makeOwnedCollection(
  { deployment }: Destination,
  { signal }: Pick<OpenRequest, 'signal'>,
): Promise<void> {
  reach('destination.owned.before');
  await deployment
    .run({ signal }, (db) =>
      db.createCollection(ownedCollection(deployment.config), { writeConcern: { w: 'majority' } }),
    )
    .catch(refuseUnlessExisting);
  reach('destination.owned.after');
}

/** `level`: `local` sees what is not confirmed yet, too. */
export function hasNoDocument(
  { deployment }: Pick<Destination, 'deployment'>,
  {
    collection,
    level = 'majority',
    signal,
  }: {
    readonly collection: string;
    readonly level?: 'majority' | 'local';
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  return deployment.run({ signal, collection }, async (db) => {
    const options = { projection: { _id: 1 }, readConcern: { level }, signal } as const;
    return (await db.collection(collection).findOne({}, options)) === null;
  });
}

const namespaceExists = 48;

/** That the collection is ours is written in the transaction that makes it: a process that dies leaves neither or both. */
async function create(destination: Destination, request: OpenRequest): Promise<Shape> {
  const { deployment, state, notice } = destination;
  const { plan, lease, signal } = request;
  const collection = plan.target;
  if (!plan.create) throw unknown(plan);
  reach('destination.create.before');
  await writeTransaction(destination, { ...request, collection, makes: true }, async (session) => {
    const ours = { $set: { createdByUs: true } };
    await state.targets.updateOne({ _id: targetId(lease.pipeline, collection) }, ours, {
      session,
      upsert: true,
    });
    await deployment.db.command(creationOf(plan), { session });
    reach('destination.build.before-commit');
  }).catch(refuseUnlessExisting);
  reach('destination.build.after-commit');
  notice({ kind: 'statement', message: `Create collection ${collection}` });
  reach('destination.create.after');
  const created = await describeCollection(deployment, collection, { signal });
  if (created === null) throw unknown(plan);
  return created;
}

/** Somebody else made it meanwhile: then it is theirs, and what we wrote about it is gone with the transaction. */
function refuseUnlessExisting(thrown: unknown): void {
  const cause = thrown instanceof LockstepError ? thrown.cause : thrown;
  if (cause instanceof MongoServerError && cause.code === namespaceExists) return;
  throw thrown;
}

async function settle(
  destination: Destination,
  { isShared, ...request }: OpenRequest & { readonly isShared: boolean },
): Promise<void> {
  const { plan, lease } = request;
  await writeTransaction(destination, request, async (session) => {
    const first = { $setOnInsert: { createdByUs: false, isShared } };
    const id = targetId(lease.pipeline, plan.target);
    await destination.state.targets.updateOne({ _id: id }, first, { session, upsert: true });
    reach('destination.settle.before-commit');
  });
  reach('destination.settle.after-commit');
}

const unknown = (plan: CollectionPlan): LockstepError =>
  new LockstepError('collection-unknown', { side: 'destination', collection: plan.target, nearest: '' });
