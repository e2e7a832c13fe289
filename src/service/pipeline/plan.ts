import { feedCollection } from '../../engine/stream/carried-rows.ts';
import type { WalkContext } from '../../engine/walk/context.ts';
import { leavesTooMuch } from '../../engine/walk/guard.ts';
import { type CollectionDifference, findDifferences } from '../../engine/walk/verify.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { VerbOptions } from '../pipeline-operations.ts';
import type { PlannedCollection, PlanResult } from '../results.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { whileReading } from './reading.ts';
import { extentOf } from './run.ts';

/** What a run would do; nothing is written. */
export function plan(parts: PipelineParts, options: VerbOptions): Promise<PlanResult> {
  return whileReading(parts, options, async (walk, plans, { feed }) => {
    const pipeline = walk.pipeline;
    const startedAtMs = walk.clock.now();
    walk.events.emit('pass.started', { pipeline, kind: 'plan', resumed: false, ...extentOf(plans) });
    const toCapture = feed === null ? [] : plans.map((item) => feedCollection(item, feed));
    const captured = await feed?.preview({ collections: toCapture, signal: walk.signal });
    const steps = [...(captured ?? []), ...(await walk.writer.preview({ plans, signal: walk.signal }))];
    const collections: PlannedCollection[] = [];
    const byName = new Map(plans.map((item) => [item.name, item]));
    for await (const difference of findDifferences(walk, plans)) {
      const planned = byName.get(difference.name);
      if (planned !== undefined) collections.push(toPlanned(walk, planned, difference));
    }
    const inStep =
      steps.length === 0 && collections.every(({ insert, update, leave }) => insert + update + leave === 0);
    const seconds = (walk.clock.now() - startedAtMs) / 1000;
    walk.events.emit('pass.finished', { pipeline, result: inStep ? 'equal' : 'differences', seconds });
    return { pipeline, inStep, steps, collections, failures: [] };
  });
}

function toPlanned(
  walk: WalkContext,
  planned: CollectionPlan,
  difference: CollectionDifference,
): PlannedCollection {
  const { missing, different, extra, clashes, sourceRows, targetRows, samples, method } = difference;
  const { maxLeavingShare, fromRows } = { ...walk.settings.guard, ...planned.guard };
  const guard = {
    maxLeavingShare: maxLeavingShare ?? walk.settings.guard.maxLeavingShare,
    fromRows: fromRows ?? walk.settings.guard.fromRows,
  };
  return {
    collection: planned.name,
    source: planned.source,
    target: planned.target,
    insert: missing,
    update: different,
    leave: extra,
    estimated: method === 'absent',
    unchanged:
      method === 'absent' || method === 'whole'
        ? null
        : Math.max(0, sourceRows - missing - different - clashes),
    clashes,
    guarded: leavesTooMuch(guard, extra, targetRows),
    samples: { insert: samples.missing, update: samples.different, leave: samples.extra },
  };
}
