import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import { isWholePlan } from '../writer/form/field-form.ts';

/** Why a target that is to be swapped can't be: what others have in it would be lost. */
export function swapFindings(plan: CollectionPlan): readonly Finding[] {
  const { swap, target, scope, leaving } = plan;
  if (swap !== true) return [];
  const reasons = [
    ...(isWholePlan(plan) ? [] : ['only some fields of its documents are written (`columns`)']),
    ...(scope.kind === 'where' || scope.kind === 'owned'
      ? ['documents of others may be in it (`scope`)']
      : []),
    ...(leaving.kind === 'delete' ? [] : ['documents that leave are to stay in it (`leaving`)']),
  ];
  if (reasons.length === 0) return [];
  const detail = reasons.join('; ');
  return [finding({ level: 'error', subject: target }, 'swap-refused', { collection: target, detail })];
}
