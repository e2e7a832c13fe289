import type { Extent } from '../../../engine/since/choose-extent.ts';
import type { CollectionExtent } from '../../results.ts';

export const toExtents = (extents: ReadonlyMap<string, Extent>): readonly CollectionExtent[] =>
  [...extents].map(([collection, extent]) =>
    extent.reads === 'since'
      ? { collection, reads: 'since', why: null, reason: null }
      : { collection, reads: 'all', why: extent.why, reason: extent.reason },
  );

/** Of a whole run: it has compared everything only if it has read everything. */
export const extentOfRun = (extents: readonly CollectionExtent[]): 'all' | 'since' =>
  extents.some(({ reads }) => reads === 'since') ? 'since' : 'all';
