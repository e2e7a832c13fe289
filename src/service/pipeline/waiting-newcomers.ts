import type { Finding } from '../../protocol/finding.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { ResolvedPipeline } from '../config/resolved-config.ts';
import type { Connections } from './connections.ts';
import { matchedByPatterns } from './matched-by-patterns.ts';

interface WaitingRequest {
  readonly pipeline: ResolvedPipeline;
  readonly connections: Connections;
  readonly prepared: { readonly plans: readonly CollectionPlan[]; readonly findings: readonly Finding[] };
}

/** With `tableAdded: 'pause'`: collections that came by a pattern after the first copy, and can't join as they are. */
export async function waitingNewcomers(
  { pipeline, connections, prepared }: WaitingRequest,
  { signal, followed }: { readonly signal: AbortSignal; readonly followed: ReadonlySet<string> },
): Promise<ReadonlySet<string>> {
  if (pipeline.settings.drift.tableAdded !== 'pause' || followed.size === 0) return new Set();
  const { plans, findings } = prepared;
  const faulty = new Set(findings.filter(({ level }) => level === 'error').map(({ subject }) => subject));
  const fresh = (await matchedByPatterns(pipeline, connections, signal)).filter(
    (name) => !followed.has(name),
  );
  return new Set(
    fresh.filter((name) => {
      const plan = plans.find(({ source }) => source === name);
      return plan === undefined || plan.targetShape === null || faulty.has(name);
    }),
  );
}
