import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { ReaderCapabilities } from '../../protocol/reader.ts';
import type { CollectionRequest } from './plan-collection.ts';

/** What kind of database a side is. */
export type Kind = Pick<ReaderCapabilities, 'dialect' | 'convertsTo' | 'open'>;

/** Whether the target takes columns that nobody has listed. */
export const isOpenTarget = ({ kinds, targetShape }: CollectionRequest): boolean =>
  (kinds?.destination.open ?? null) !== null || targetShape?.open !== undefined;

/** Absent: the reader does, and both sides are of one kind. */
export function conversionOf({ kinds }: CollectionRequest): CollectionPlan['conversion'] {
  if (kinds === undefined) return undefined;
  const { source, destination } = kinds;
  if (!source.convertsTo.includes(destination.dialect)) return 'writer';
  return source.dialect === destination.dialect ? undefined : 'reader';
}
