import type { WriteOptions } from '../../../../protocol/writer.ts';
import { ownerOf } from '../../kept-names.ts';
import type { Destination } from '../destination.ts';
import { dropKept, keptCollections } from '../generation/clean-up.ts';

/**
 * Copies that an earlier owner did not end. They go before this one writes anything, as they might be renamed over its targets: an owner that
 * wakes up late has nothing to rename any more.
 */
export async function dropLeftCopies(
  destination: Destination,
  { lease: { pipeline, fence }, signal }: WriteOptions,
): Promise<void> {
  for (const name of await keptCollections(destination, { pipeline, signal })) {
    const owner = ownerOf(name);
    if (owner?.kind === 'copy' && owner.fence <= fence) await dropKept(destination, { name, signal });
  }
}
