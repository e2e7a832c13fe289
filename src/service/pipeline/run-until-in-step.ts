import type { LiveOptions } from '../../engine/pipeline/live.ts';
import { stoppedCollections } from '../../engine/pipeline/memory.ts';
import type { VerbOptions } from '../pipeline-operations.ts';
import type { RunResult, VerifyResult } from '../results.ts';
import { waitingGuards } from './guards.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { start } from './start.ts';

type Counts = NonNullable<VerifyResult['repaired']>;

/** Runs a live pipeline until it has caught up, and ends: for repairs, and for who runs it by a clock of his own. */
export async function runUntilInStep(
  parts: PipelineParts,
  { signal, compare }: VerbOptions & { readonly compare: boolean },
): Promise<Counts> {
  const { events } = parts.context;
  const counts = { inserted: 0, updated: 0, left: 0 };
  const until: LiveOptions['until'] = compare ? 'compared' : 'inStep';
  const end = events.on('window.applied', ({ pipeline, inserted, updated, left }) => {
    if (pipeline !== parts.pipeline.name) return;
    counts.inserted += inserted;
    counts.updated += updated;
    counts.left += left;
  });
  try {
    await start(parts, { signal, until });
  } finally {
    end();
  }
  return counts;
}

export async function runLiveOnce(
  parts: PipelineParts,
  { signal, compare = false }: VerbOptions & { readonly compare?: boolean },
): Promise<RunResult> {
  const { pipeline, context } = parts;
  const startedAt = performance.now();
  await runUntilInStep(parts, { signal, compare });
  const store = await context.store();
  const deadLetters = await store.deadLetters.count(pipeline.name);
  const guards = await waitingGuards(store, pipeline.name);
  const failures = [...(await stoppedCollections(store, pipeline.name))].map(
    ([collection, { code, message, nextStep }]) => ({ collection, code, message, cure: nextStep }),
  );
  const isPending = deadLetters > 0 || guards.some(({ state }) => state === 'waiting');
  return {
    pipeline: pipeline.name,
    result: failures.length > 0 ? 'failed' : isPending ? 'pending' : 'equal',
    resumed: false,
    seconds: (performance.now() - startedAt) / 1000,
    steps: [],
    collections: [],
    deadLetters,
    guards,
    failures,
    extents: [],
  };
}
