import { isLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { Shape } from '../../../protocol/shape.ts';
import type { StreamContext } from '../../stream/context.ts';
import { sourceSelection } from '../../walk/source-selection.ts';
import { followedCollections } from '../memory.ts';
import type { ShapeDifference } from './shape-difference.ts';
import { isTolerated } from './tolerated.ts';

/** Why a collection can't go on while the target is left as it is; null: it can. */
export async function obstacleTo(
  context: StreamContext,
  plan: CollectionPlan,
  { now, ignored }: { readonly now: Shape; readonly ignored: ShapeDifference },
): Promise<string | null> {
  const concerned = [...ignored.columnDropped, ...ignored.typeChanged];
  const ofKey = plan.sourceKey?.find((name) => [...concerned, ...ignored.enumValueAdded].includes(name));
  if (ofKey !== undefined) return `the key needs ${ofKey}`;
  if (concerned.length === 0) return null;
  // A plan that is made anew forgives those only that were in step once.
  const followed = await followedCollections(context.store, context.pipeline);
  if (!followed.has(plan.name)) return 'it is not in step yet';
  const read = plan.mapReads.find((name) => concerned.includes(name));
  if (read !== undefined) return `the mapping function reads ${read}`;
  return await foundObstacle(context, goingOn(plan, now, ignored));
}

/** As it would go on: what is gone is not read any more. */
const goingOn = (plan: CollectionPlan, now: Shape, { columnDropped }: ShapeDifference): CollectionPlan => ({
  ...plan,
  sourceShape: now,
  columns: plan.columns.filter(({ from }) => !('column' in from && columnDropped.includes(from.column))),
});

async function foundObstacle(
  { reader, writer, settings, signal }: StreamContext,
  plan: CollectionPlan,
): Promise<string | null> {
  const alternative = [...plan.alternatives.keys()].find(
    (name) => !plan.columns.some(({ target }) => target === name),
  );
  if (alternative !== undefined) return `\`alternatives\` has ${alternative}`;
  try {
    await reader.typesOf(plan.source, sourceSelection(plan).selection, { signal });
  } catch (thrown) {
    if (!isLockstepError(thrown, 'expression-invalid')) throw thrown;
    return thrown.message;
  }
  const targetShape = await writer.reader.describe(plan.target, { signal });
  const findings = await writer.check({ plans: [{ ...plan, targetShape }], signal });
  const error = findings.find((each) => each.level === 'error' && !isTolerated(each, settings.drift));
  return error === undefined ? null : error.message;
}
