import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { WalkContext } from '../walk/context.ts';
import { type Comparing, chooseExtent, disagreement, type Extent } from './choose-extent.ts';
import { type CursorRecord, readCursors } from './cursor-record.ts';
import { takeMarks } from './take-marks.ts';

/**
 * What a pass would read of each collection; nothing is written. Whether the destination was restored from an older copy is only known to
 * whoever owns the pipeline.
 */
export async function previewExtents(
  context: WalkContext,
  plans: readonly CollectionPlan[],
  comparing: Omit<Comparing, 'nowMs'>,
): Promise<ReadonlyMap<string, Extent>> {
  const { reader, store, pipeline, signal, clock } = context;
  const { id: sourceId } = await reader.identity({ signal });
  const records = await readCursors(store, pipeline);
  const known = plans.map((plan) => {
    const record = records.get(plan.name);
    return { plan, record, disagreement: record === undefined ? null : disagrees(plan, record, sourceId) };
  });
  const marks = await takeMarks(context, known);
  const nowMs = clock.now();
  return new Map(
    known.map((each, index) => [
      each.plan.name,
      chooseExtent({ ...each, mark: marks[index] ?? null, comparing: { ...comparing, nowMs } }),
    ]),
  );
}

const disagrees = (plan: CollectionPlan, record: CursorRecord, sourceId: string): string | null =>
  disagreement(plan, record, { sourceId, stateId: record.stateId, saved: record.saved });
