import { isLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Finding } from '../../protocol/finding.ts';
import type { ResolvedPipeline } from '../config/resolved-config.ts';
import type { VerbOptions } from '../pipeline-operations.ts';
import type { CheckResult } from '../results.ts';
import { openConnections } from './connections.ts';
import { promisesOf } from './incremental/promises.ts';
import { lanesOf } from './lane-findings.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { preparePlans } from './prepare-plans.ts';
import { strangersIn } from './strangers.ts';
import { followedBy } from './under-drift.ts';

/** Everything that would go wrong or be lost, without touching anything. */
export async function check(parts: PipelineParts, { signal }: VerbOptions): Promise<CheckResult> {
  const { pipeline, context } = parts;
  await using connections = await openConnections(pipeline, { ...context, signal });
  const followed = await followedBy(parts);
  const { plans, findings: prepared } = await preparePlans(pipeline, connections, { signal, followed });
  const refused = new Set(prepared.filter(({ level }) => level === 'error').map(({ subject }) => subject));
  const sound = plans.filter(({ target }) => !refused.has(target));
  const findings = [
    ...prepared,
    ...promisesOf(pipeline),
    ...lanesOf(pipeline, connections),
    ...(await strangersIn(connections, sound, signal)),
  ];
  return {
    pipeline: pipeline.name,
    source: pipeline.source.label,
    destination: pipeline.destination.label,
    ok: findings.every((finding) => finding.level !== 'error'),
    findings,
  };
}

/** One that could not be looked at: the error of its own that stopped it is what was found. Whatever is no error of ours, or a request to stop, goes on. */
export function uncheckable(
  { name, source, destination }: ResolvedPipeline,
  { thrown, signal }: { readonly thrown: unknown; readonly signal: AbortSignal },
): CheckResult {
  if (!isLockstepError(thrown) || signal.aborted) throw thrown;
  const { code, message, cure } = thrown;
  const found: Finding = { level: 'error', code, subject: name, message, cure };
  return {
    pipeline: name,
    source: source.label,
    destination: destination.label,
    ok: false,
    findings: [found],
  };
}
