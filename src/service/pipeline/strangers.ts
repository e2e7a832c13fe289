import { type Finding, finding } from '../../protocol/finding.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Connections } from './connections.ts';

/** Targets that were filled by somebody else and whose configuration does not say whose rows they are: rarely what was meant. */
export async function strangersIn(
  { writer }: Connections,
  plans: readonly CollectionPlan[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const plan of plans) {
    if (plan.scope.kind !== 'default' || plan.targetShape === null || plan.key.length === 0) continue;
    await using target = await writer.inspect(plan, { signal });
    if (target === null || target.plan.scope.kind !== 'owned' || (await target.countRows({ signal })) > 0)
      continue;
    findings.push(
      finding({ level: 'warning', subject: plan.target }, 'target-not-ours', { collection: plan.target }),
    );
  }
  return findings;
}
