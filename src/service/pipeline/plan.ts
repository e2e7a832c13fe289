import { previewExtents } from '../../engine/since/preview-extents.ts';
import { feedCollection } from '../../engine/stream/carried-rows.ts';
import type { WalkContext } from '../../engine/walk/context.ts';
import { leavesTooMuch } from '../../engine/walk/guard.ts';
import { type CollectionDifference, findDifferences } from '../../engine/walk/verify.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { VerbOptions } from '../pipeline-operations.ts';
import type { CollectionFailure, PlannedCollection, PlanResult } from '../results.ts';
import { collectionFailure } from './collection-failure.ts';
import { comesIn } from './comes-in.ts';
import { comparisonMoments } from './incremental/comparing.ts';
import { toExtents } from './incremental/extents.ts';
import { doubtedKeys } from './key-findings.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { whileReading } from './reading.ts';
import { extentOf } from './run.ts';
import { outcomeOf } from './verify.ts';

/** What a run would do; nothing is written. */
export function plan(parts: PipelineParts, options: VerbOptions): Promise<PlanResult> {
  return whileReading(parts, options, async (walk, plans, { feed }) => {
    const pipeline = walk.pipeline;
    const startedAtMs = walk.clock.now();
    walk.events.emit('pass.started', { pipeline, kind: 'plan', resumed: false, ...extentOf(plans) });
    const toCapture = feed === null ? [] : plans.map((item) => feedCollection(item, feed));
    const captured = await feed?.preview({ collections: toCapture, signal: walk.signal });
    const steps = [...(captured ?? []), ...(await walk.writer.preview({ plans, signal: walk.signal }))];
    const side = 'source';
    for (const { message } of doubtedKeys(plans)) walk.events.emit('notice', { pipeline, side, message });
    const collections: PlannedCollection[] = [];
    const byName = new Map(plans.map((item) => [item.name, item]));
    const approved = await approvedLeavings(walk);
    const failures: CollectionFailure[] = [];
    for await (const comparison of findDifferences(walk, plans)) {
      if (comparison.kind === 'stopped') {
        failures.push(collectionFailure(comparison.name, comparison.error));
        continue;
      }
      const { difference } = comparison;
      const plan = byName.get(difference.name);
      const mayLeave = approved.get(difference.name) ?? 0;
      if (plan !== undefined) collections.push(toPlanned(walk, difference, { plan, mayLeave }));
    }
    const inStep =
      failures.length === 0 &&
      steps.length === 0 &&
      collections.every(({ insert, update, leave, clashes }) => insert + update + leave + clashes === 0);
    const seconds = (walk.clock.now() - startedAtMs) / 1000;
    walk.events.emit('pass.finished', { pipeline, result: outcomeOf(inStep, failures), seconds });
    const extents = await extentsOf(parts, walk, plans);
    return { pipeline, inStep, steps, collections, failures, extents };
  });
}

/** What a run would read since cursors, of an incremental pipeline. */
async function extentsOf(
  { pipeline: { settings } }: PipelineParts,
  walk: WalkContext,
  plans: readonly CollectionPlan[],
): Promise<PlanResult['extents']> {
  if (settings.mode !== 'incremental') return [];
  const comparing = { due: comparisonMoments(settings), asked: false };
  return toExtents(await previewExtents(walk, plans, comparing));
}

/** By collection: how many rows somebody lets leave with the next run. */
async function approvedLeavings({ store, pipeline }: WalkContext): Promise<ReadonlyMap<string, number>> {
  const approved = (await store.guards.list(pipeline)).filter(({ state }) => state === 'approved');
  return new Map(approved.map(({ collection, leaving }) => [collection, leaving]));
}

function toPlanned(
  walk: WalkContext,
  difference: CollectionDifference,
  { plan: planned, mayLeave }: { readonly plan: CollectionPlan; readonly mayLeave: number },
): PlannedCollection {
  const { missing, different, extra, clashes, sourceRows, targetRows, samples, method } = difference;
  const { maxLeavingShare, fromRows } = { ...walk.settings.guard, ...planned.guard };
  const guard = {
    maxLeavingShare: maxLeavingShare ?? walk.settings.guard.maxLeavingShare,
    fromRows: fromRows ?? walk.settings.guard.fromRows,
    mayEmpty: planned.guard.mayEmpty === true && planned.sourceShape.estimatedRows > 0,
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
    guarded: extra > mayLeave && leavesTooMuch(guard, extra, targetRows),
    comesIn: comesIn(
      { plan: planned, difference },
      { settings: walk.settings, hasGenerations: walk.writer.generations !== undefined },
    ),
    samples: { insert: samples.missing, update: samples.different, leave: samples.extra },
  };
}
