import type { PipelineSettings } from '../../protocol/configuration.ts';
import type { GuardRecord } from '../../protocol/control-store.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { Key } from '../../protocol/names.ts';
import type { CollectionWork } from './collection-work.ts';
import { sourceHasRows } from './source-has-rows.ts';

type Limits = PipelineSettings['guard'] & {
  /** Everything is no more than another share. */
  readonly mayEmpty?: boolean;
};

/** More than the set share would leave (looked at from so many rows on), or everything. */
export function leavesTooMuch(limits: Limits, leaving: number, total: number): boolean {
  if (leaving <= 0) return false;
  if (leaving >= total && limits.mayEmpty !== true) return true;
  return total >= limits.fromRows && leaving / total > limits.maxLeavingShare;
}

/** Holds back what would leave until somebody says that it is meant. */
export class LeavingGuard {
  /** A collection's own limits go before the pipeline's. */
  limits({ context, plan }: CollectionWork): PipelineSettings['guard'] {
    const { maxLeavingShare, fromRows } = context.settings.guard;
    return {
      maxLeavingShare: plan.guard.maxLeavingShare ?? maxLeavingShare,
      fromRows: plan.guard.fromRows ?? fromRows,
    };
  }

  /** Whether so much waits for somebody's approval. */
  async holds(work: CollectionWork, leaving: number, total: number): Promise<boolean> {
    const limits = this.limits(work);
    if (!leavesTooMuch(limits, leaving, total)) return false;
    const mayEmpty = work.plan.guard.mayEmpty === true && (await sourceHasRows(work));
    return leavesTooMuch({ ...limits, mayEmpty }, leaving, total);
  }

  /** Somebody approved that these keys leave. */
  async hasApproval(work: CollectionWork): Promise<boolean> {
    return (await this.#approved(work)) !== undefined;
  }

  /** Keys that are held back until somebody decides. */
  async *waitingKeys(work: CollectionWork): AsyncIterable<readonly Key[]> {
    const { context, plan } = work;
    const guards = await context.store.guards.list(context.pipeline);
    const waits = guards.some(({ collection, state }) => collection === plan.name && state === 'waiting');
    if (waits) yield* this.keptKeys(work);
  }

  /** For collections without keys: somebody approved that so many rows leave. */
  async approvesCount(work: CollectionWork, leaving: number): Promise<boolean> {
    const guard = await this.#approved(work);
    return guard !== undefined && leaving <= guard.leaving;
  }

  keptKeys({ context, plan }: CollectionWork): AsyncIterable<readonly Key[]> {
    return context.store.guards.keys(context.pipeline, plan.name);
  }

  /** Those of these keys that the guard knows nothing of. */
  async undecided({ context, plan }: CollectionWork, keys: readonly Key[]): Promise<readonly Key[]> {
    const known = await context.store.guards.holding(context.pipeline, plan.name, keys);
    return keys.filter((key) => !known.has(key));
  }

  raiseCount(work: CollectionWork, leaving: number, total: number): Promise<void> {
    return this.raise(work, { leaving, total }, noKeys);
  }

  /** Durable on return: the keys are kept, so that what was approved is what leaves. `keys` can be read more than once. */
  async raise(
    { context, plan, tally }: CollectionWork,
    { leaving, total }: { leaving: number; total: number },
    keys: () => AsyncIterable<readonly Key[]>,
  ): Promise<void> {
    const { store, pipeline, fence, settings, events, clock } = context;
    const samples = await firstOf(keys(), settings.samples);
    const raised = { collection: plan.name, leaving, total, samples, raisedAtMs: clock.now() };
    reach('guard.raise.before');
    await store.guards.raise({ pipeline, fence }, raised, keys());
    reach('guard.raise.after');
    tally.held = leaving;
    events.emit('guard.raised', { pipeline, collection: plan.name, leaving, total, samples });
  }

  async #approved({ context, plan }: CollectionWork): Promise<GuardRecord | undefined> {
    const guards = await context.store.guards.list(context.pipeline);
    return guards.find((guard) => guard.collection === plan.name && guard.state === 'approved');
  }

  async clear({ context, plan }: CollectionWork): Promise<void> {
    reach('guard.clear.before');
    await context.store.guards.clear({ pipeline: context.pipeline, fence: context.fence }, plan.name);
    reach('guard.clear.after');
  }
}

async function firstOf(pages: AsyncIterable<readonly Key[]>, wanted: number): Promise<readonly Key[]> {
  const first: Key[] = [];
  for await (const page of pages) {
    first.push(...page.slice(0, wanted - first.length));
    if (first.length >= wanted) break;
  }
  return first;
}

async function* noKeys(): AsyncIterable<readonly Key[]> {}
