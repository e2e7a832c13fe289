import type { WalkContext } from '../../engine/walk/context.ts';
import type { RunRecord } from '../../protocol/control-store.ts';
import type { ErrorCode } from '../../protocol/errors/catalogue.ts';
import { toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { VerbOptions } from '../pipeline-operations.ts';
import { openConnections } from './connections.ts';
import { mayBeAnothers } from './lease-keeper.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { plansToRun } from './plans-to-run.ts';
import { beginRun, type RunEnd } from './runs/begin-run.ts';
import { keepFailure } from './runs/keep-failure.ts';
import { asked, type Trigger } from './runs/trigger.ts';
import { isElsewhere } from './tell-standby.ts';
import { followedBy } from './under-drift.ts';
import { underLease } from './under-lease.ts';

export interface Written<Result> {
  readonly result: Result;
  readonly ended: RunRecord['result'];
  readonly summary: RunEnd;
}

export interface WritingOptions extends VerbOptions {
  readonly kind: RunRecord['kind'];
  /** Default: somebody asked for it. */
  readonly trigger?: Trigger | undefined;
  /** Called under the lease before anything else; what it throws ends the work, without a line in the history. */
  readonly before?: ((walk: WalkContext) => Promise<void>) | undefined;
}

type Work<Result> = (walk: WalkContext, plans: readonly CollectionPlan[]) => Promise<Written<Result>>;

/** Work that writes: under the pipeline's lease, in the run history, ended in order whatever happens. */
export async function whileWriting<Result>(
  parts: PipelineParts,
  options: WritingOptions,
  work: Work<Result>,
): Promise<Result> {
  const { kind, signal, trigger = asked } = options;
  let hasBegun = false;
  const begun = () => {
    hasBegun = true;
  };
  try {
    return await write(parts, { ...options, trigger, begun }, work);
  } catch (thrown) {
    const error = toLockstepError(thrown);
    // A schedule keeps its own: it may try again.
    if (!hasBegun && trigger.reason === 'asked' && !isNoFailure(error.code))
      await keepFailure(parts, { error, kind, trigger, signal, waits: false });
    throw thrown;
  }
}

/** Somebody stopped it, or another has the pipeline. */
const isNoFailure = (code: ErrorCode): boolean =>
  code === 'interrupted' || code === 'pipeline-paused' || isElsewhere(code);

interface WriteOptions extends WritingOptions {
  readonly trigger: Trigger;
  readonly begun: () => void;
}

async function write<Result>(
  { pipeline, context }: PipelineParts,
  { signal, kind, trigger, before, begun }: WriteOptions,
  work: Work<Result>,
): Promise<Result> {
  const { events } = context;
  await using connections = await openConnections(pipeline, { ...context, signal });
  const plan = async () => {
    const followed = await followedBy({ pipeline, context });
    return await plansToRun(pipeline, connections, { signal, followed });
  };
  await using underWay = await underLease({ pipeline, context }, { connections, signal, plan });
  const { store, walk } = underWay;
  begun();
  await before?.(walk);
  const by = { pipeline: pipeline.name, fence: walk.fence };
  const end = await beginRun(store, by, { kind, trigger });
  try {
    const written = await work(walk, underWay.plans.plans);
    await end(written.ended, written.summary);
    return written.result;
  } catch (thrown) {
    const error = toLockstepError(underWay.reasonOf(thrown));
    events.emit('failed', {
      pipeline: pipeline.name,
      collection: null,
      code: error.code,
      class: error.class,
      message: error.message,
    });
    // Whoever lost the lease has no history to write any more: the new owner has.
    if (!mayBeAnothers(error.code)) {
      await end(error.code === 'interrupted' ? 'interrupted' : 'failed', {
        code: error.code,
        message: error.message,
      });
    }
    throw error;
  }
}
