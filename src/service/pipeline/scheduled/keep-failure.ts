import { type LockstepError, toLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { PipelineParts } from '../open-pipeline.ts';
import { beginRun } from '../runs/begin-run.ts';
import type { Trigger } from '../runs/trigger.ts';
import { takeLease } from '../take-lease.ts';

/** Tells a run that failed before it began (a server is away), and keeps it in the history: it counts like any other. */
export async function keepFailure(
  { pipeline, context }: PipelineParts,
  request: { readonly error: LockstepError; readonly trigger: Trigger; readonly signal: AbortSignal },
): Promise<void> {
  const { error, trigger, signal } = request;
  const { events } = context;
  const tell = ({ code, class: kind, message }: LockstepError) =>
    events.emit('failed', { pipeline: pipeline.name, collection: null, code, class: kind, message });
  tell(error);
  try {
    const store = await context.store();
    await using lease = await takeLease(store, pipeline.name, { events, signal, atLeast: 0 });
    const end = await beginRun(
      store,
      { pipeline: pipeline.name, fence: lease.fence },
      { kind: 'run', trigger },
    );
    await end('failed', { code: error.code, message: error.message });
  } catch (thrown) {
    // The store is what fails, or somebody else makes a run by now.
    const hindrance = toLockstepError(thrown);
    if (hindrance.code !== 'lease-held' && hindrance.code !== error.code) tell(hindrance);
  }
}
