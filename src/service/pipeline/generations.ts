import { promoteSifting } from '../../engine/generation/promote-sifting.ts';
import { forgetPhase } from '../../engine/pipeline/memory.ts';
import { forgetCursors } from '../../engine/since/cursor-record.ts';
import { savedShard } from '../../engine/since/saved-shard.ts';
import { leaseOf, type WalkContext } from '../../engine/walk/context.ts';
import { retrying } from '../../engine/walk/retrying.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { GenerationRecord, GenerationState, GenerationWriter } from '../../protocol/generation.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Target, WriteOptions } from '../../protocol/writer.ts';
import type { VerbOptions } from '../pipeline-operations.ts';
import type { GenerationList, GenerationResult } from '../results.ts';
import { openConnections } from './connections.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { preparePlans } from './prepare-plans.ts';
import { Refused } from './refused.ts';
import { beginRollback, finishRollback, whatItDid, withdrawNote } from './rolled-back.ts';
import { settleRollback } from './settle-rollback.ts';
import { underLease } from './under-lease.ts';

export type GenerationOptions = VerbOptions & {
  /** Default: the newest that it can be. */
  readonly generation: number | null;
};

export async function listGenerations(
  { pipeline, context }: PipelineParts,
  { signal }: VerbOptions,
): Promise<GenerationList> {
  await using connections = await openConnections(pipeline, { ...context, signal });
  const generations = generationsOf(pipeline.name, connections.writer.generations);
  return {
    pipeline: pipeline.name,
    generations: await generations.list({ pipeline: pipeline.name, signal }),
  };
}

/** Brings in what a guard held; the decision about it is made then. */
export function promoteGeneration(
  parts: PipelineParts,
  options: GenerationOptions,
): Promise<GenerationResult> {
  return underTheLease(parts, options, async ({ generations, walk, targets, write }) => {
    const id = options.generation ?? newest(await listed(generations, walk), ['staged']);
    refuseLive(parts, id);
    const opened = await targets();
    const refused = new Refused(walk);
    const generation = await promoteSifting(walk, {
      generations,
      id,
      targets: opened,
      signal: stopping(walk),
      note: (pieces) => refused.note(pieces),
    });
    const { pipeline, fence, store } = walk;
    const names = new Set(generation.collections.map(({ collection }) => collection));
    for (const collection of names) await store.guards.clear({ pipeline, fence }, collection);
    // It is in, whoever stops it now.
    for (const target of opened.filter(({ plan }) => names.has(plan.name)))
      await retrying(walk, { what: `finish ${target.plan.name}`, signal: walk.signal }, () =>
        target.finish({ ...write, sourceNow: async () => target.plan.sourceShape, step: 'sequences' }),
      );
    return { ...settled, generation, letters: refused.letters, failures: refused.failures };
  });
}

const settled = { letters: 0, failures: [], paused: false } as const;

/** Takes the newest promoted one back, and pauses: the next run would bring the same in again. */
export function rollBackGeneration(
  parts: PipelineParts,
  options: GenerationOptions & { readonly keepChanged: boolean },
): Promise<GenerationResult> {
  const changed = options.keepChanged ? 'keep' : 'refuse';
  return underTheLease(parts, options, async ({ generations, walk, targets, write }) => {
    const records = await listed(generations, walk);
    const id = options.generation ?? newest(records, ['promoted', 'rolled-back']);
    // Together with the position that its stream went on from it can go, as long as that stream has written nothing.
    const record = records.find((each) => each.id === id);
    if (record === undefined) throw unknown(id);
    if (record.positions === null) refuseLive(parts, id);
    const opened = await targets();
    // Paused first: whoever dies in between leaves a pipeline that waits, and not one that redoes it.
    const before = await walk.store.requests.paused(walk.pipeline);
    const note = await beginRollback(walk, { generation: id, redoes: whatItDid(record) });
    const unsettled = {
      id,
      generations,
      walk,
      lease: write.lease,
      withdraw: () => withdrawNote(walk, before),
    };
    const generation = await retrying(walk, retried(walk, 'roll the generation back'), () =>
      // Rows that an incremental pipeline has read are gone with it: no cursor covers them any more.
      generations.rollback(id, opened, { ...write, changed, forgets: [savedShard] }),
    ).catch((thrown: unknown) => settleRollback(thrown, unsettled));
    await finishRollback(walk, note);
    // Whoever dies before this finds a position lost, and walks.
    if (generation.positions !== null) await forgetPhase(walk);
    // Before this the destination’s count tells; `plan` does not ask it.
    await forgetCursors(walk);
    return { ...settled, generation, paused: true };
  });
}

export function discardGeneration(
  parts: PipelineParts,
  options: VerbOptions & { readonly generation: number },
): Promise<GenerationResult> {
  return underTheLease(parts, options, async ({ generations, walk, write }) => {
    await retrying(walk, retried(walk, 'discard the generation'), () =>
      generations.discard(options.generation, write),
    );
    const records = await listed(generations, walk);
    const generation = records.find(({ id }) => id === options.generation);
    if (generation === undefined) throw unknown(options.generation);
    return { ...settled, generation };
  });
}

/** What passes, such as a lock that somebody holds, is waited out as a run does; whoever stops it waits for the attempt under way alone. */
const retried = (walk: WalkContext, what: string) => ({ what, signal: stopping(walk) });

const stopping = ({ signal, draining }: WalkContext): AbortSignal => AbortSignal.any([signal, draining]);

interface Access {
  readonly generations: GenerationWriter;
  readonly walk: WalkContext;
  readonly write: WriteOptions;
  /** Of all collections that the destination has. */
  readonly targets: () => Promise<readonly Target[]>;
}

async function underTheLease(
  { pipeline, context }: PipelineParts,
  { signal }: VerbOptions,
  work: (access: Access) => Promise<Omit<GenerationResult, 'pipeline'>>,
): Promise<GenerationResult> {
  await using connections = await openConnections(pipeline, { ...context, signal });
  const generations = generationsOf(pipeline.name, connections.writer.generations);
  // What a run could not begin with need not keep anybody from taking one back.
  const plan = () => preparePlans(pipeline, connections, { signal });
  await using underWay = await underLease({ pipeline, context }, { connections, signal, plan });
  const { walk, plans } = underWay;
  const write = { lease: leaseOf(walk), signal: walk.signal };
  try {
    await retrying(walk, { what: 'attach', signal }, () => walk.writer.attach(write));
    const targets = () => openTargets(walk, plans.plans);
    const done = await work({ generations, walk, write, targets });
    return { pipeline: pipeline.name, ...done };
  } catch (thrown) {
    throw underWay.reasonOf(thrown);
  }
}

/** A stream goes on from its position: what is older than that would stay so. */
function refuseLive({ pipeline }: PipelineParts, generation: number): void {
  if (pipeline.settings.mode !== 'live') return;
  const detail = `${pipeline.name} is live now, and its stream would not bring these rows up to date`;
  throw new LockstepError('generation-unfit', { generation, detail });
}

async function openTargets(
  { writer, signal }: WalkContext,
  plans: readonly CollectionPlan[],
): Promise<readonly Target[]> {
  const targets: Target[] = [];
  for (const plan of plans) {
    const target = await writer.inspect(plan, { signal });
    if (target !== null) targets.push(target);
  }
  return targets;
}

function generationsOf(pipeline: string, generations: GenerationWriter | undefined): GenerationWriter {
  if (generations !== undefined) return generations;
  throw new LockstepError('generations-unsupported', { pipeline });
}

const listed = (
  generations: GenerationWriter,
  { pipeline, signal }: WalkContext,
): Promise<readonly GenerationRecord[]> => generations.list({ pipeline, signal });

function newest(records: readonly GenerationRecord[], states: readonly GenerationState[]): number {
  const found = records.find(({ state }) => states.includes(state));
  if (found !== undefined) return found.id;
  throw new LockstepError('generation-missing', { state: states[0] ?? '' });
}

const unknown = (generation: number): LockstepError =>
  new LockstepError('generation-unfit', { generation, detail: 'the destination does not know it' });
