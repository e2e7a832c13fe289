import type { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { Finding } from '../../../protocol/finding.ts';
import type { PreparedStep } from '../../../protocol/writer.ts';
import type { StreamCollection } from '../../stream/collection.ts';
import type { StreamContext } from '../../stream/context.ts';
import { leaseOf } from '../../walk/context.ts';
import { retrying } from '../../walk/retrying.ts';
import type { LiveMemory } from '../memory.ts';
import type { Walks } from '../walks.ts';
import { isRefusal } from './refusal.ts';
import { drifted } from './shape-decision.ts';

interface FoundParts {
  readonly context: StreamContext;
  readonly memory: LiveMemory;
  readonly collections: ReadonlyMap<string, StreamCollection>;
  readonly options: { readonly leftOut: ReadonlyMap<string, Finding> };
}

/** Left out for the first time: from now on they have stopped. */
export async function noteLeftOut({ context, memory, options }: FoundParts): Promise<void> {
  const stopped = await memory.stopped();
  for (const [name, { code, message, cure }] of options.leftOut) {
    if (stopped.has(name)) continue;
    const nextStep = `${cure} Then: lockstep resync ${context.pipeline} ${name}`;
    await memory.setStopped(name, { code, message, nextStep, sinceMs: context.clock.now() });
    context.events.emit('collection.status', {
      pipeline: context.pipeline,
      collection: name,
      status: 'stopped',
      reason: message,
      nextStep,
    });
  }
}

interface FollowParts {
  readonly walks: Walks;
  readonly stop: (collection: StreamCollection, error: LockstepError) => Promise<void>;
}

/** What happened to the source's enums while no engine ran: a plan that is made now can't tell it, the target can. */
export async function followLabels(
  { context, collections }: FoundParts,
  { walks, stop }: FollowParts,
): Promise<void> {
  const { writer, settings } = context;
  if (settings.drift.enumValueAdded !== 'follow') return;
  for (const collection of collections.values()) {
    const { name, plan } = collection;
    const steps = writer.alignment(plan, plan.sourceShape);
    const [first] = steps;
    if (first === undefined || collection.stopped !== null) continue;
    const refusal = await refusalOf(context, collection);
    if (refusal === null) await walks.add([name], { reason: first.what, fills: false });
    else await stop(collection, cannotFollow(collection, { steps, refusal }));
  }
}

/** Null: the target has followed. */
async function refusalOf(
  context: StreamContext,
  { name, plan }: StreamCollection,
): Promise<LockstepError | null> {
  const { writer, signal } = context;
  const options = { lease: leaseOf(context), sourceShape: plan.sourceShape, signal };
  try {
    await retrying(context, { what: `align ${name}`, signal }, () => writer.align(plan, options));
    return null;
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    return thrown;
  }
}

function cannotFollow(
  { plan }: StreamCollection,
  { steps, refusal }: { readonly steps: readonly PreparedStep[]; readonly refusal: LockstepError },
): LockstepError {
  const detail = `an enum got values; it can’t follow: ${refusal.message}`;
  return drifted(plan, detail, steps.flatMap(({ statement }) => statement ?? []).join('; '));
}
