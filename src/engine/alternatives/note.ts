import type { Key } from '../../protocol/names.ts';
import type { CollectionWork } from '../walk/collection-work.ts';
import { saveBeaten } from './record.ts';

/**
 * Rows that a walk is about to write with another value than their own. Of a live pipeline they are remembered, so that its stream looks at
 * them again when what was in their way has moved.
 */
export async function noteBeaten(
  { context, plan, beaten: noted }: Pick<CollectionWork, 'context' | 'plan' | 'beaten'>,
  beaten: ReadonlyMap<Key, readonly Key[]>,
): Promise<void> {
  if (beaten.size === 0) return;
  const { settings, events, pipeline } = context;
  if (settings.mode === 'live') await saveBeaten(context, plan.name, [...beaten.keys()]);
  await noted?.add([...beaten.keys()]);
  for (const key of beaten.keys()) events.emit('alternative.taken', { pipeline, collection: plan.name, key });
}
