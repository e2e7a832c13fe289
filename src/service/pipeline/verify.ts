import type { WalkContext } from '../../engine/walk/context.ts';
import { runPass } from '../../engine/walk/pass.ts';
import { type CollectionDifference, findDifferences, type Settle } from '../../engine/walk/verify.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { VerbOptions } from '../pipeline-operations.ts';
import {
  type CollectionFailure,
  comparedAsWhole,
  type VerifiedCollection,
  type VerifyResult,
} from '../results.ts';
import { collectionFailure } from './collection-failure.ts';
import { engineRuns } from './engine-owner.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { whileReading } from './reading.ts';
import { extentOf } from './run.ts';
import { runUntilInStep } from './run-until-in-step.ts';
import { settleOf } from './settle.ts';
import { whileWriting } from './writing.ts';

/** Compares both sides; with `repair` makes right what differs and compares again, so that what is reported is proved. */
export async function verify(
  parts: PipelineParts,
  options: VerbOptions & { readonly repair: boolean },
): Promise<VerifyResult> {
  const repaired = options.repair ? await repair(parts, options) : null;
  return whileReading(parts, options, async (walk, plans, connections) => {
    const { pipeline, signal, store } = walk;
    // Without an engine nothing is under way: what differs, differs.
    const flows = await engineRuns(store, parts.pipeline);
    const settle = flows ? settleOf(connections, { pipeline, signal }) : null;
    return compareAll(walk, plans, { repaired, settle });
  });
}

const methods: Readonly<Record<CollectionDifference['method'], string>> = {
  ranges: 'digests of ranges',
  groups: 'digests of groups',
  rows: 'rows read and hashed',
  whole: comparedAsWhole,
  absent: 'no target',
};

async function compareAll(
  walk: WalkContext,
  plans: readonly CollectionPlan[],
  { repaired, settle }: { readonly repaired: VerifyResult['repaired']; readonly settle: Settle },
): Promise<VerifyResult> {
  const { pipeline, clock, events } = walk;
  const startedAtMs = clock.now();
  events.emit('pass.started', { pipeline, kind: 'verify', resumed: false, ...extentOf(plans) });
  const collections: VerifiedCollection[] = [];
  const failures: CollectionFailure[] = [];
  for await (const comparison of findDifferences(walk, plans, settle))
    if (comparison.kind === 'compared') collections.push(toVerified(comparison.difference));
    else failures.push(collectionFailure(comparison.name, comparison.error));
  const equal = failures.length === 0 && collections.every((collection) => collection.equal);
  const seconds = (clock.now() - startedAtMs) / 1000;
  events.emit('pass.finished', { pipeline, result: outcomeOf(equal, failures), seconds });
  return { pipeline, equal, seconds, collections, repaired, failures };
}

/** Of work that only reads. */
export function outcomeOf(
  isEqual: boolean,
  failures: readonly CollectionFailure[],
): 'equal' | 'differences' | 'failed' {
  if (failures.length > 0) return 'failed';
  return isEqual ? 'equal' : 'differences';
}

function toVerified(difference: CollectionDifference): VerifiedCollection {
  const {
    name,
    missing,
    extra,
    different,
    clashes,
    explainedByLetters,
    explainedByGuard,
    samples,
    sourceRows,
    targetRows,
    method,
  } = difference;
  return {
    collection: name,
    equal: missing + extra + different + clashes === 0 && method !== 'absent',
    sourceRows,
    targetRows,
    missing,
    extra,
    different,
    clashes,
    explained: { deadLetters: explainedByLetters, held: explainedByGuard },
    samples,
    method: methods[method],
  };
}

type Repaired = NonNullable<VerifyResult['repaired']>;

/** A repair is a pass: it compares, and writes only what differs. Of a live pipeline it is a walk beside the stream. */
function repair(parts: PipelineParts, options: VerbOptions): Promise<Repaired> {
  if (parts.pipeline.settings.mode === 'live') return runUntilInStep(parts, { ...options, compare: true });
  return whileWriting(parts, { ...options, kind: 'repair' }, async (walk, plans) => {
    walk.events.emit('pass.started', {
      pipeline: walk.pipeline,
      kind: 'repair',
      resumed: false,
      ...extentOf(plans),
    });
    const pass = await runPass(walk, plans);
    const sum = (count: 'copied' | 'inserted' | 'updated' | 'left') =>
      pass.collections.reduce((total, { counts }) => total + counts[count], 0);
    const result = { inserted: sum('copied') + sum('inserted'), updated: sum('updated'), left: sum('left') };
    return { result, ended: pass.result, summary: { ...result } };
  });
}
