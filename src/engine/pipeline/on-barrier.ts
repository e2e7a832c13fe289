import type { BarrierEvent } from '../../protocol/change.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { StreamCollection } from '../stream/collection.ts';
import type { StreamContext } from '../stream/context.ts';
import type { Barrier } from '../stream/intake.ts';
import type { IgnoredDrift } from './drift/ignored-drift.ts';
import { type ShapeDecision, shapeDecision } from './drift/shape-decision.ts';
import type { Walks } from './walks.ts';

export interface BarrierParts {
  readonly context: StreamContext;
  readonly collections: ReadonlyMap<string, StreamCollection>;
  readonly walks: Walks;
  readonly ignoredDrift: IgnoredDrift;
  readonly stop: (collection: StreamCollection, error: LockstepError) => Promise<void>;
  /** Plans are made anew, and the stream goes on with them. */
  readonly again: (reason: string) => void;
}

/** Acts on an event that has no key. What is decided is durable on return. */
export async function onBarrier(parts: BarrierParts, { collections, event }: Barrier): Promise<void> {
  for (const name of collections) {
    const collection = parts.collections.get(name);
    if (collection === undefined || collection.stopped !== null) continue;
    await reactions[event.kind](parts, collection, event);
  }
}

type Reaction = (parts: BarrierParts, collection: StreamCollection, event: BarrierEvent) => Promise<void>;

/** A truncate is walked, never replayed: rows that were inserted around it are there or not, whatever the order in which we hear of it. */
const walk: Reaction = async ({ walks }, { name }, { detail }) => {
  await walks.add([name], { reason: detail, fills: false });
};

const stopGone: Reaction = async ({ stop }, collection, { detail }) => {
  await stop(collection, new LockstepError('shape-changed', { collection: collection.plan.source, detail }));
};

const followShape: Reaction = async (parts, collection, { detail }) => {
  await carryOut(parts, collection, await shapeDecision(parts.context, collection, detail));
};

const reactions: Readonly<Record<BarrierEvent['kind'], Reaction>> = {
  truncate: walk,
  compare: walk,
  drop: stopGone,
  rename: stopGone,
  shape: followShape,
};

type Consequence = (
  parts: BarrierParts,
  collection: StreamCollection,
  decision: ShapeDecision,
) => Promise<void>;

const stopFor: Consequence = async ({ stop }, collection, { error }) => {
  if (error !== null) await stop(collection, error);
};

const decisions: Readonly<Record<ShapeDecision['kind'], Consequence>> = {
  ignore: async () => undefined,
  walk: async ({ walks }, { name }, { detail }) => walks.add([name], { reason: detail, fills: false }),
  stop: stopFor,
  gone: stopFor,
  follow: async ({ walks, again }, { name }, { detail }) => {
    await walks.add([name], { reason: detail, fills: false });
    again(detail);
  },
};

export async function carryOut(
  parts: BarrierParts,
  collection: StreamCollection,
  decision: ShapeDecision,
): Promise<void> {
  await parts.ignoredDrift.note(collection.name, decision.ignored);
  await decisions[decision.kind](parts, collection, decision);
}
