import type { VerbOptions } from '../pipeline-operations.ts';
import type { CheckResult } from '../results.ts';
import { openConnections } from './connections.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { preparePlans } from './prepare-plans.ts';
import { strangersIn } from './strangers.ts';

/** Everything that would go wrong or be lost, without touching anything. */
export async function check(
  { pipeline, context }: PipelineParts,
  { signal }: VerbOptions,
): Promise<CheckResult> {
  await using connections = await openConnections(pipeline, { events: context.events, signal });
  const { plans, findings: prepared } = await preparePlans(pipeline, connections, signal);
  const findings = [...prepared, ...(await strangersIn(connections, plans, signal))];
  return {
    pipeline: pipeline.name,
    source: pipeline.source.label,
    destination: pipeline.destination.label,
    ok: findings.every((finding) => finding.level !== 'error'),
    findings,
  };
}
