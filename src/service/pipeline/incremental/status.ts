import { readCursors } from '../../../engine/since/cursor-record.ts';
import type { ControlStore } from '../../../protocol/control-store.ts';
import type { ResolvedPipeline } from '../../config/resolved-config.ts';
import type { IncrementalStatus } from '../../results.ts';
import { comparisonMoments } from './comparing.ts';

/** Null: it is no incremental pipeline. */
export async function incrementalStatus(
  store: ControlStore,
  { name, settings }: ResolvedPipeline,
): Promise<IncrementalStatus | null> {
  if (settings.mode !== 'incremental') return null;
  const records = [...(await readCursors(store, name))];
  const compared = records.map(([, { comparedAtMs }]) => comparedAtMs);
  const comparedAtMs = compared.length === 0 ? null : Math.min(...compared);
  return {
    cursors: records.map(([collection, { at, waitsFor, savedAtMs, comparedAtMs }]) => ({
      collection,
      at,
      waitsFor,
      savedAtMs,
      comparedAtMs,
    })),
    comparedAtMs,
    nextComparisonAtMs: comparisonMoments(settings)?.after(comparedAtMs ?? Date.now()) ?? null,
  };
}
