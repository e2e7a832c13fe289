import type { Newcomer } from '../../engine/pipeline/newcomers.ts';
import { toError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { ResolvedPipeline } from '../config/resolved-config.ts';
import type { Connections } from './connections.ts';
import { matchedByPatterns } from './matched-by-patterns.ts';
import { preparePlans } from './prepare-plans.ts';

/** Looks for collections that the configuration's patterns match and no plan is for, and says of each whether it could join. */
export const newcomersOf =
  (pipeline: ResolvedPipeline, connections: Connections, plans: readonly CollectionPlan[]) =>
  async (signal: AbortSignal): Promise<readonly Newcomer[]> => {
    const known = new Set(plans.map((plan) => plan.source));
    const fresh = (await matchedByPatterns(pipeline, connections, signal)).filter((name) => !known.has(name));
    return Promise.all(fresh.map((name) => judge(pipeline, connections, { name, signal })));
  };

/** What would keep the pipeline from running must not come in by a pattern. */
async function judge(
  pipeline: ResolvedPipeline,
  connections: Connections,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): Promise<Newcomer> {
  const { settings } = pipeline;
  const create = settings.create || settings.drift.tableAdded === 'pause';
  try {
    const asked = { ...pipeline, collections: [name], settings: { ...settings, create } };
    const { plans, findings } = await preparePlans(asked, connections, { signal });
    const fault = findings.find(({ level }) => level === 'error')?.message ?? null;
    const missing = plans.filter(({ targetShape }) => targetShape === null);
    if (fault !== null || missing.length === 0) return { name, fault, creation: [] };
    const steps = await connections.writer.preview({ plans: missing, signal });
    return { name, fault, creation: steps.flatMap(({ statement }) => statement ?? []) };
  } catch (thrown) {
    return { name, fault: toError(thrown).message, creation: [] };
  }
}
