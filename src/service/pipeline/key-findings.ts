import { keyDoubt } from '../../engine/plan/key-doubt.ts';
import { type Finding, finding } from '../../protocol/finding.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';

/** Keys that the source does not promise to be anybody's alone. */
export const doubtedKeys = (plans: readonly CollectionPlan[]): readonly Finding[] =>
  plans.flatMap((plan) => {
    const detail = keyDoubt(plan);
    if (detail === null) return [];
    const details = { collection: plan.source, columns: plan.key.join(', '), detail };
    return [finding({ level: 'warning', subject: plan.target }, 'key-unproven', details)];
  });
