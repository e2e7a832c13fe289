import type { Newcomer } from '../../engine/pipeline/live.ts';
import { toError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { ResolvedPipeline } from '../config/resolved-config.ts';
import type { Connections } from './connections.ts';
import { preparePlans } from './prepare-plans.ts';

/** Looks for collections that the configuration's patterns match and no plan is for, and says of each whether it could join. */
export const newcomersOf =
  (pipeline: ResolvedPipeline, connections: Connections, plans: readonly CollectionPlan[]) =>
  async (signal: AbortSignal): Promise<readonly Newcomer[]> => {
    const patterns = patternsOf(pipeline);
    if (patterns.length === 0) return [];
    const known = new Set(plans.map((plan) => plan.source));
    const lists = await Promise.all(patterns.map((pattern) => connections.reader.list(pattern, { signal })));
    const fresh = [...new Set(lists.flat())].filter((name) => !known.has(name));
    return Promise.all(fresh.map((name) => judge(pipeline, connections, { name, signal })));
  };

function patternsOf({ collections }: ResolvedPipeline): readonly string[] {
  const names = Array.isArray(collections) ? (collections as readonly string[]) : Object.keys(collections);
  return names.filter((name) => name.includes('*'));
}

/** What would keep the pipeline from running must not come in by a pattern. */
async function judge(
  pipeline: ResolvedPipeline,
  connections: Connections,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): Promise<Newcomer> {
  try {
    const { findings } = await preparePlans({ ...pipeline, collections: [name] }, connections, signal);
    const fault = findings.find(({ level }) => level === 'error');
    return { name, fault: fault === undefined ? null : fault.message };
  } catch (thrown) {
    return { name, fault: toError(thrown).message };
  }
}
