import type { RunRecord } from '../../../protocol/control-store.ts';
import { type LockstepError, toLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { PipelineParts } from '../open-pipeline.ts';
import { takeLease } from '../take-lease.ts';
import { beginRun } from './begin-run.ts';
import type { Trigger } from './trigger.ts';

export interface FailureToKeep {
  readonly error: LockstepError;
  readonly kind: RunRecord['kind'];
  readonly trigger: Trigger;
  readonly signal: AbortSignal;
  /** False: somebody waits for the answer. Whoever has the pipeline then has its history too. Default: true. */
  readonly waits?: boolean;
}

/** Tells a run that failed before it began (a server is away), and keeps it in the history: it counts like any other. */
export async function keepFailure(
  { pipeline, context }: PipelineParts,
  { error, kind, trigger, signal, waits = true }: FailureToKeep,
): Promise<void> {
  const { events } = context;
  const tell = ({ code, class: errorClass, message }: LockstepError) =>
    events.emit('failed', { pipeline: pipeline.name, collection: null, code, class: errorClass, message });
  tell(error);
  try {
    const store = await context.store();
    await using lease = await takeLease(store, pipeline.name, { events, signal, atLeast: 0, waits });
    const end = await beginRun(store, { pipeline: pipeline.name, fence: lease.fence }, { kind, trigger });
    await end('failed', { code: error.code, message: error.message });
  } catch (thrown) {
    // The store is what fails, or somebody else makes a run by now.
    const hindrance = toLockstepError(thrown);
    if (hindrance.code !== 'lease-held' && hindrance.code !== error.code) tell(hindrance);
  }
}
