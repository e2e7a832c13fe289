import { wholeCollection } from '../../protocol/partition.ts';
import type { CollectionWork } from './collection-work.ts';
import { retrying } from './retrying.ts';

/** Whether the source has any row now that passes the filter, whatever a function makes of it. Reads no more than its first. */
export async function sourceHasRows({ context, plan, source }: CollectionWork): Promise<boolean> {
  const { reader, signal } = context;
  const request = { format: 'rows', selection: source.selection, signal } as const;
  return await retrying(context, { what: `read ${plan.name}`, signal }, async () => {
    await using latest = reader.latest();
    for await (const chunk of latest.read(plan.source, wholeCollection(1), request))
      if (chunk.format === 'rows' && chunk.rows.length + (chunk.refused?.length ?? 0) > 0) return true;
    return false;
  });
}
