import type { Finding } from '../../protocol/finding.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { ResolvedPipeline } from '../config/resolved-config.ts';
import type { Connections } from './connections.ts';
import { isCalled, isOfPlan } from './finding-subject.ts';
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
  const errors = findings.filter(({ level }) => level === 'error');
  const planOf = (name: string) => plans.find(({ source }) => source === name);
  const isFresh = (name: string): boolean => {
    const plan = planOf(name);
    return plan === undefined ? !isAmong(followed, name) : !followed.has(plan.name);
  };
  const waits = (name: string): boolean => {
    const plan = planOf(name);
    return plan === undefined || plan.targetShape === null || errors.some((found) => isOfPlan(plan, found));
  };
  const matched = await matchedByPatterns(pipeline, connections, signal);
  return new Set(matched.filter((name) => isFresh(name) && waits(name)));
}

/** One without a plan has no target; that would be called as it is, with its schema or without. */
const isAmong = (followed: ReadonlySet<string>, name: string): boolean =>
  [...followed].some((known) => isCalled(known, name) || isCalled(name, known));
