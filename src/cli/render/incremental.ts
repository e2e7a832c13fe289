import type { CollectionExtent, IncrementalStatus } from '../../service/results.ts';
import { time } from './numbers.ts';

/** What a run reads as a whole, and why; nothing of collections whose cursor goes on. */
export const extentText = (extents: readonly CollectionExtent[]): readonly string[] =>
  extents.flatMap(({ collection, reason }) =>
    reason === null ? [] : [`  ${collection}: read as a whole: ${reason}`],
  );

/** Of a run that has not compared everything nothing more can be said. */
export const reachedText = (extents: readonly CollectionExtent[]): string =>
  extents.some(({ reads }) => reads === 'since') ? 'caught up' : 'in step';

export function incrementalText({
  cursors,
  comparedAtMs,
  nextComparisonAtMs,
}: IncrementalStatus): readonly string[] {
  const compared = comparedAtMs === null ? 'never' : time(comparedAtMs);
  const next =
    nextComparisonAtMs === null ? 'when it is asked for' : `by a run after ${time(nextComparisonAtMs)}`;
  return [
    ...cursors.map(
      ({ collection, at, waitsFor }) =>
        `  ${collection}: read up to ${at}${waitsFor === null ? '' : `, held back by ${waitsFor}`}`,
    ),
    `  compared ${compared}; next ${next}`,
  ];
}
