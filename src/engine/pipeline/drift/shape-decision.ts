import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { Shape } from '../../../protocol/shape.ts';
import type { StreamCollection } from '../../stream/collection.ts';
import type { StreamContext } from '../../stream/context.ts';
import { leaseOf } from '../../walk/context.ts';
import { obstacleTo } from './obstacle.ts';
import { isRefusal } from './refusal.ts';
import {
  describeDrift,
  driftOf,
  followedShape,
  hasDrift,
  losesLabels,
  type ShapeDifference,
  shapeDifference,
} from './shape-difference.ts';

/** What a change of the source's shape means for a collection. */
export interface ShapeDecision {
  /**
   * `ignore`: nothing that is mapped changed. `walk`: values may have changed without a change of rows. `stop`: somebody has to decide. `gone`: so it is, for there is no such collection.
   * `follow`: the plan is made anew.
   */
  readonly kind: 'ignore' | 'walk' | 'stop' | 'gone' | 'follow';
  readonly detail: string;
  readonly error: LockstepError | null;
  /** What the configuration says to leave as it is. */
  readonly ignored: ShapeDifference;
}

interface Change {
  readonly now: Shape;
  readonly detail: string;
  readonly ignored: ShapeDifference;
}

const none: ShapeDifference = { columnAdded: [], columnDropped: [], typeChanged: [], enumValueAdded: [] };

export async function shapeDecision(
  context: StreamContext,
  { plan: planned }: StreamCollection,
  told: string,
): Promise<ShapeDecision> {
  const { reader, writer, settings, signal } = context;
  const { drift } = settings;
  const now = await reader.describe(planned.source, { signal });
  if (now === null) {
    const detail = `${planned.source} is gone`;
    return { kind: 'gone', detail, error: drifted(planned, detail, 'none are needed'), ignored: none };
  }
  // Somebody may have brought it in order already.
  const targetShape = await writer.reader.describe(planned.target, { signal });
  const plan = { ...planned, targetShape: targetShape ?? planned.targetShape };
  const difference = concerning(context, plan, now);
  const ignored = driftOf(difference, (kind) => drift[kind] === 'ignore');
  const asked = driftOf(difference, (kind) => drift[kind] !== 'ignore');
  const change = { now, detail: describeDrift(asked) || told, ignored };
  if (hasDrift(driftOf(difference, (kind) => drift[kind] === 'pause'))) return stopped(context, plan, change);
  const obstacle = await obstacleTo(context, plan, { now, ignored });
  if (obstacle !== null) {
    const detail = `${describeDrift(ignored)}, and it can’t go on so: ${obstacle}`;
    return stopped(context, plan, { now, detail, ignored: none });
  }
  if (hasDrift(asked)) return await follow(context, plan, change);
  const detail = describeDrift(ignored) || told;
  // What is gone or converted is read otherwise from now on.
  if (ignored.columnDropped.length + ignored.typeChanged.length > 0)
    return { kind: 'follow', detail, error: null, ignored };
  // Nothing that we read changed by name or type; a rewrite may have changed its values.
  const isTold = hasDrift(ignored) || hasDrift(shapeDifference(plan, now));
  return { kind: isTold && !losesLabels(plan, now) ? 'ignore' : 'walk', detail, error: null, ignored };
}

/** New columns matter where the plan takes all there are; new values of an enum where the target has one that lacks them. */
function concerning({ writer }: StreamContext, plan: CollectionPlan, now: Shape): ShapeDifference {
  const difference = shapeDifference(plan, now);
  const lacksLabels = (column: string): boolean => {
    const enumValueAdded = difference.enumValueAdded.filter((other) => other !== column);
    return writer.alignment(plan, followedShape(plan, now, { ...difference, enumValueAdded })).length > 0;
  };
  return {
    ...driftOf(difference, (kind) => kind !== 'columnAdded' || plan.allColumns),
    enumValueAdded: difference.enumValueAdded.filter(lacksLabels),
  };
}

async function follow(context: StreamContext, plan: CollectionPlan, change: Change): Promise<ShapeDecision> {
  const { writer, signal } = context;
  const { now, detail, ignored } = change;
  const sourceShape = followedShape(plan, now, ignored);
  try {
    await writer.align(plan, { lease: leaseOf(context), sourceShape, signal });
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    return stopped(context, plan, { ...change, detail: `${detail}; it can’t follow: ${thrown.message}` });
  }
  return { kind: 'follow', detail, error: null, ignored };
}

function stopped(
  { writer }: StreamContext,
  plan: CollectionPlan,
  { now, detail, ignored }: Change,
): ShapeDecision {
  const steps = writer
    .alignment(plan, followedShape(plan, now, ignored))
    .flatMap(({ statement }) => statement ?? []);
  const statements = steps.length === 0 ? 'none are needed' : steps.join('; ');
  return { kind: 'stop', detail, error: drifted(plan, detail, statements), ignored: none };
}

export const drifted = ({ source }: CollectionPlan, detail: string, statements: string): LockstepError =>
  new LockstepError('shape-drifted', { collection: source, detail, statements });
