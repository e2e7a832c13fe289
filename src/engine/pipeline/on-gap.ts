import type { FeedItem } from '../../protocol/feed.ts';
import { shapeDecision } from './drift/shape-decision.ts';
import { type BarrierParts, carryOut } from './on-barrier.ts';

export type GapItem = FeedItem & { readonly kind: 'gap' };

/**
 * What history leaves out is walked. It may have told of changed shapes too, which a walk by the old plan would not show: they are looked at.
 * What is decided is durable on return.
 */
export async function onGap(parts: BarrierParts, { gap, collections: told }: GapItem): Promise<void> {
  const { context, collections, walks } = parts;
  const { pipeline, events } = context;
  events.emit('gap', { pipeline, gap, collections: told });
  const names = told ?? [...collections.keys()];
  await walks.add(names, { reason: gap.reason, fills: false });
  for (const name of names) {
    const collection = collections.get(name);
    if (collection === undefined || collection.stopped !== null) continue;
    const decision = await shapeDecision(context, collection, gap.reason);
    // Some come and go with their rows: whether it may be missing the walk finds out.
    if (decision.kind === 'gone') continue;
    // It is walked already, maybe by now.
    const kind = decision.kind === 'walk' ? 'ignore' : decision.kind;
    await carryOut(parts, collection, { ...decision, kind });
  }
}
