import type { WalkContext } from '../../engine/walk/context.ts';
import { runPass } from '../../engine/walk/pass.ts';
import { type CollectionDifference, findDifferences } from '../../engine/walk/verify.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { VerbOptions } from '../pipeline-operations.ts';
import type { VerifiedCollection, VerifyResult } from '../results.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { whileReading } from './reading.ts';
import { extentOf } from './run.ts';
import { whileWriting } from './writing.ts';

/** Compares both sides; with `repair` makes right what differs and compares again, so that what is reported is proved. */
export async function verify(
  parts: PipelineParts,
  options: VerbOptions & { readonly repair: boolean },
): Promise<VerifyResult> {
  if (!options.repair) return whileReading(parts, options, (walk, plans) => compareAll(walk, plans, null));
  const repaired = await repair(parts, options);
  return whileReading(parts, options, (walk, plans) => compareAll(walk, plans, repaired));
}

const methods: Readonly<Record<CollectionDifference['method'], string>> = {
  ranges: 'digests of ranges',
  groups: 'digests of groups',
  rows: 'rows read and hashed',
  whole: 'one digest of the whole',
  absent: 'no target',
};

async function compareAll(
  walk: WalkContext,
  plans: readonly CollectionPlan[],
  repaired: VerifyResult['repaired'],
): Promise<VerifyResult> {
  const { pipeline, clock, events } = walk;
  const startedAtMs = clock.now();
  events.emit('pass.started', { pipeline, kind: 'verify', resumed: false, ...extentOf(plans) });
  const collections: VerifiedCollection[] = [];
  for await (const difference of findDifferences(walk, plans)) collections.push(toVerified(difference));
  const equal = collections.every((collection) => collection.equal);
  const seconds = (clock.now() - startedAtMs) / 1000;
  events.emit('pass.finished', { pipeline, result: equal ? 'equal' : 'differences', seconds });
  return { pipeline, equal, seconds, collections, repaired, failures: [] };
}

function toVerified(difference: CollectionDifference): VerifiedCollection {
  const {
    name,
    missing,
    extra,
    different,
    clashes,
    explainedByLetters,
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
    explained: { deadLetters: explainedByLetters, held: 0 },
    samples,
    method: methods[method],
  };
}

type Repaired = NonNullable<VerifyResult['repaired']>;

/** A repair is a pass: it compares, and writes only what differs. */
function repair(parts: PipelineParts, options: VerbOptions): Promise<Repaired> {
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
