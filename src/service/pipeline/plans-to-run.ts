import { catalogue } from '../../protocol/errors/catalogue.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Finding } from '../../protocol/finding.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { ResolvedPipeline } from '../config/resolved-config.ts';
import type { Connections } from './connections.ts';
import { isCalled, isOfColumn, isOfPlan } from './finding-subject.ts';
import { type Prepared, type PrepareOptions, preparePlans } from './prepare-plans.ts';
import { pausesFor } from './under-drift.ts';
import { waitingNewcomers } from './waiting-newcomers.ts';

/** Plans that can be run, and what keeps collections out that have stopped before. */
export interface Runnable extends Prepared {
  /** By the name under which they stopped. */
  readonly leftOut: ReadonlyMap<string, Finding>;
}

/**
 * As `preparePlans`; throws when there is anything that must be mended first. Collections of a live pipeline that stopped before (`stopped`)
 * are only left out while nothing has mended them: the others go on.
 */
export async function plansToRun(
  pipeline: ResolvedPipeline,
  connections: Connections,
  options: PrepareOptions & { readonly stopped?: readonly string[] },
): Promise<Runnable> {
  const { stopped = [], followed = new Set<string>() } = options;
  const prepared = await preparePlans(pipeline, connections, options);
  const waiting = await waitingNewcomers({ pipeline, connections, prepared }, { ...options, followed });
  const waits = (found: Finding): boolean =>
    [...waiting].some((name) => isCalled(name, found.subject)) ||
    prepared.plans.some((plan) => waiting.has(plan.source) && isOfPlan(plan, found));
  const errors = prepared.findings.filter((found) => found.level === 'error' && !waits(found));
  const leftOut = new Map<string, Finding>();
  const isAbout = (name: string, found: Finding): boolean =>
    isCalled(name, found.subject) ||
    prepared.plans.some((plan) => plan.name === name && isOfColumn(plan, found));
  for (const name of new Set([...stopped, ...followed])) {
    const fault = errors.find(
      (error) => isAbout(name, error) && (stopped.includes(name) || pausesFor(error)),
    );
    if (fault !== undefined) leftOut.set(name, fault);
  }
  const rest = errors.filter((error) => ![...leftOut.keys()].some((name) => isAbout(name, error)));
  if (rest.length > 0) throw notReady(pipeline.name, rest);
  const plans = prepared.plans.filter(
    (plan) => !waiting.has(plan.source) && ![...leftOut.keys()].some((name) => isOf(plan, name)),
  );
  return { ...prepared, plans, leftOut };
}

const isOf = (plan: CollectionPlan, name: string): boolean =>
  plan.name === name || isCalled(name, plan.source);

function notReady(pipeline: string, errors: readonly Finding[]): LockstepError {
  const exit = errors.some(({ code }) => catalogue[code].exit === 'connection')
    ? 'connection'
    : 'configuration';
  const findings = errors.map(({ code, message, cure }) => `  ${code}: ${message}\n    ${cure}`).join('\n');
  return new LockstepError('not-ready', { pipeline, count: errors.length, findings }, { exit });
}
