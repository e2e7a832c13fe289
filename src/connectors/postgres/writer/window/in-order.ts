import type { Believed } from './hints.ts';
import { type Planned, planPart } from './part-statements.ts';
import { parentsFirst, type WindowPart } from './window-part.ts';

/** Rows that leave go first where nothing can refer to them: they free unique values. */
export function inOrder(parts: readonly WindowPart[], believed: Believed): readonly Planned[] {
  const sorted = parentsFirst(parts).map((part) => ({ part, plan: planPart(part, believed) }));
  const isReferred = ({ part }: { readonly part: WindowPart }): boolean =>
    part.model.table.referencedBy.length > 0;
  const free = sorted.filter((each) => !isReferred(each));
  const referred = sorted.filter(isReferred);
  return [
    ...sorted.flatMap(({ plan }) => plan.clashes),
    ...free.toReversed().flatMap(({ plan }) => plan.leaves),
    ...sorted.flatMap(({ plan }) => plan.writes),
    ...referred.toReversed().flatMap(({ plan }) => plan.leaves),
  ];
}
