import type { GenerationRecord } from '../../protocol/generation.ts';
import type { CollectionName } from '../../protocol/names.ts';
import { leaseOf, type WalkContext } from '../walk/context.ts';
import { retrying } from '../walk/retrying.ts';

/**
 * At the end of a pass, whatever it found and however it wrote: a run that found nothing to differ, or one that writes directly, begins no
 * generation, and what an earlier one left that died would stay. As many promoted ones as the configuration says can be taken back, and what is
 * held waits for somebody's word, unless the pass wrote newer rows past it; of all others nothing is kept.
 */
export async function forgetOlder(
  context: WalkContext,
  { isStaged }: { readonly isStaged: boolean },
): Promise<void> {
  const { writer, pipeline, signal } = context;
  const { generations } = writer;
  if (generations === undefined) return;
  const records = await retrying(context, { what: 'read the generations', signal }, () =>
    generations.list({ pipeline, signal }),
  );
  const kept = new Set([
    ...promotedToKeep(context, records),
    ...(isStaged ? await waiting(context, records) : []),
  ]);
  for (const record of records) {
    if (record.state === 'discarded' || kept.has(record)) continue;
    await retrying(context, { what: 'discard a generation', signal }, () =>
      generations.discard(record.id, { lease: leaseOf(context), signal }),
    );
  }
}

const promotedToKeep = (
  { settings }: WalkContext,
  records: readonly GenerationRecord[],
): readonly GenerationRecord[] =>
  records.filter(({ state }) => state === 'promoted').slice(0, settings.refresh.keep);

/** Where no guard waits any more, what was held has come in another way, or does not differ now. */
async function waiting(
  { store, pipeline }: WalkContext,
  records: readonly GenerationRecord[],
): Promise<readonly GenerationRecord[]> {
  const held = records.filter(({ state, held }) => state === 'staged' && held !== null);
  if (held.length === 0) return [];
  const guarded = new Set<CollectionName>(
    (await store.guards.list(pipeline)).map(({ collection }) => collection),
  );
  return held.filter(({ collections }) => collections.some(({ collection }) => guarded.has(collection)));
}
