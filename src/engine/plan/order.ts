import type { CollectionPlan } from '../../protocol/mapping.ts';

/**
 * Parents before children, so that rows find what they refer to; leaving goes the other way. Collections in a cycle keep the
 * configuration's order among themselves: their rows are cured by deferral. References are taken from the target, or from the source
 * where the target is still to be created.
 */
export function orderByReferences(plans: readonly CollectionPlan[]): readonly CollectionPlan[] {
  const byTarget = new Map(plans.map((plan) => [plan.target, plan]));
  const bySource = new Map(plans.map((plan) => [plan.source, plan]));
  const ordered: CollectionPlan[] = [];
  const state = new Map<CollectionPlan, 'visiting' | 'done'>();
  const visit = (plan: CollectionPlan): void => {
    if (state.has(plan)) return;
    state.set(plan, 'visiting');
    for (const parent of parentsOf(plan, byTarget, bySource)) visit(parent);
    state.set(plan, 'done');
    ordered.push(plan);
  };
  for (const plan of plans) visit(plan);
  return ordered;
}

function parentsOf(
  plan: CollectionPlan,
  byTarget: ReadonlyMap<string, CollectionPlan>,
  bySource: ReadonlyMap<string, CollectionPlan>,
): readonly CollectionPlan[] {
  const shape = plan.targetShape ?? plan.sourceShape;
  const index = plan.targetShape === null ? bySource : byTarget;
  return shape.references
    .map((reference) => index.get(reference.collection))
    .filter((parent): parent is CollectionPlan => parent !== undefined && parent !== plan);
}

/** Rows of this target refer to rows of the same target, and the check can't wait for the commit. */
export const refersToItself = (plan: CollectionPlan): boolean =>
  plan.targetShape?.references.some(
    (reference) => reference.collection === plan.target && !reference.deferrable,
  ) ?? false;
