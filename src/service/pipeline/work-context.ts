import type { Throttle } from '../../engine/throttle/throttle.ts';
import type { WalkContext } from '../../engine/walk/context.ts';
import type { ControlStore } from '../../protocol/control-store.ts';
import { LockstepError, toError } from '../../protocol/errors/lockstep-error.ts';
import type { ResolvedPipeline } from '../config/resolved-config.ts';
import type { PipelineContext } from '../pipeline-operations.ts';
import type { Connections } from './connections.ts';

/** How long pieces that are under way may take to end after somebody asked to stop. */
const drainMs = 20_000;

export interface WorkRequest {
  readonly pipeline: ResolvedPipeline;
  readonly context: PipelineContext;
  readonly connections: Connections;
  readonly store: ControlStore;
  readonly fence: number;
  readonly spillDirectory: string;
  readonly throttle: Throttle;
  /** Aborted by whoever asked for the work, and by a lost lease. */
  readonly asked: AbortSignal;
  readonly leaseLost: AbortSignal | null;
}

/** What the walk works with. An abort drains first; only when that takes too long, or when the lease is lost, everything ends at once. */
export function workContext(request: WorkRequest): WalkContext {
  const { pipeline, context, connections, store, fence, spillDirectory, throttle, asked, leaseLost } =
    request;
  const hard = new AbortController();
  const endHard = (): void => {
    setTimeout(() => hard.abort(asked.reason), drainMs).unref();
  };
  if (asked.aborted) endHard();
  else asked.addEventListener('abort', endHard, { once: true });
  return {
    pipeline: pipeline.name,
    reader: connections.reader,
    writer: connections.writer,
    store,
    fence,
    events: context.events,
    settings: pipeline.settings,
    spillDirectory,
    signal: leaseLost === null ? hard.signal : AbortSignal.any([hard.signal, leaseLost]),
    draining: asked,
    throttle,
    clock: { now: () => Date.now() },
  };
}

/** What an ended piece of work ended by: our own reasons go before the errors that they caused. */
export function reasonOf(
  thrown: unknown,
  { asked, leaseLost }: Pick<WorkRequest, 'asked' | 'leaseLost'>,
): unknown {
  if (leaseLost?.aborted === true) return leaseLost.reason;
  if (!asked.aborted) return thrown;
  if (thrown instanceof LockstepError && thrown.code === 'interrupted') return thrown;
  return new LockstepError('interrupted', { detail: toError(asked.reason).message }, { cause: thrown });
}
