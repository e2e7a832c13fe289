import type { CollectionDifference } from '../../engine/walk/verify.ts';
import type { PipelineSettings } from '../../protocol/configuration.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { ComesIn } from '../results.ts';

/** How a run would bring in what differs, and why so: the same choice as the pass makes. Null: nothing differs, or a stream brings it. */
export function comesIn(
  { plan, difference }: { readonly plan: CollectionPlan; readonly difference: CollectionDifference },
  { settings, hasGenerations }: { readonly settings: PipelineSettings; readonly hasGenerations: boolean },
): ComesIn | null {
  const { mode, refresh } = settings;
  const { missing, different, extra, targetRows, method, unstaged } = difference;
  if (mode === 'live' || missing + different + extra === 0) return null;
  if (method === 'absent' || targetRows === 0)
    return { by: 'copy', reason: 'its target has no rows yet, so nobody reads it' };
  if (mode === 'incremental') return { by: 'direct', reason: 'an incremental run writes what it finds' };
  if (refresh.by === 'direct') return { by: 'direct', reason: '`refresh.by` is `direct`' };
  if (!hasGenerations) return { by: 'direct', reason: 'its destination has no generations' };
  if (unstaged !== null) return { by: 'direct', reason: unstaged };
  if (plan.swap === true) return { by: 'swap', reason: whySwapped(refresh.by) };
  if (plan.key.length === 0)
    return { by: 'whole', reason: 'it has no key by which rows could be told apart' };
  return {
    by: 'differences',
    reason: refresh.by === 'swap' ? '`swap` of the collection is false' : '`refresh.by` is `staged`',
  };
}

const whySwapped = (by: PipelineSettings['refresh']['by']): string =>
  by === 'swap' ? '`refresh.by` is `swap`' : '`swap` of the collection is true';
