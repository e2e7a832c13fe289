import { setTimeout as delay } from 'node:timers/promises';
import { backoffDelayMs } from '../engine/retry/backoff.ts';
import { type LockstepError, toLockstepError } from '../protocol/errors/lockstep-error.ts';
import type { EventSink } from '../protocol/events.ts';
import type { StartedPipeline } from './live-results.ts';
import { isElsewhere, tellStandby } from './pipeline/tell-standby.ts';

/** Between two starts of a pipeline that failed. */
const defaultPause = { initialDelayMs: 1_000, maxDelayMs: 60_000, factor: 2 };
/** Who ran this long had recovered: the next failure is a first one again. */
const recoveredAfterMs = 60_000;

export interface SuperviseRequest {
  readonly pipelines: readonly string[];
  /** Runs a pipeline until the signal aborts; throws when it fails. */
  readonly start: (pipeline: string, options: { readonly signal: AbortSignal }) => Promise<void>;
  readonly events: EventSink;
  readonly signal: AbortSignal;
  readonly pause?: typeof defaultPause | undefined;
}

/**
 * Runs pipelines side by side until the signal aborts or none is left. Each is its own failure domain: one that fails for a reason that
 * may pass is started again after a pause; one whose reason stays is told, stays `failed`, and disturbs nobody.
 */
export function supervise(request: SuperviseRequest): Promise<readonly StartedPipeline[]> {
  return Promise.all(request.pipelines.map((pipeline) => superviseOne(pipeline, request)));
}

async function superviseOne(pipeline: string, request: SuperviseRequest): Promise<StartedPipeline> {
  const { signal, start } = request;
  let restarts = 0;
  for (let failures = 0; ; restarts += 1) {
    const startedAt = performance.now();
    const error = await failureOf(() => start(pipeline, { signal }));
    if (error === null || (signal.aborted && error.code === 'interrupted'))
      return { pipeline, ended: 'drained', restarts, failure: null };
    failures = performance.now() - startedAt > recoveredAfterMs ? 1 : failures + 1;
    if (signal.aborted || !mayPass(error)) {
      tellFailed({ pipeline, error, nextStep: error.cure }, request.events);
      const { code, message, cure } = error;
      return { pipeline, ended: 'failed', restarts, failure: { code, message, cure } };
    }
    if (!(await pauseAfter({ pipeline, error, failures }, request)))
      return { pipeline, ended: 'drained', restarts, failure: null };
  }
}

async function failureOf(work: () => Promise<void>): Promise<LockstepError | null> {
  try {
    await work();
    return null;
  } catch (thrown) {
    return toLockstepError(thrown);
  }
}

/** Another owner may end, a server may come back, a disk may get room; what a person has to mend does not mend itself. */
export const mayPass = ({ code, class: kind }: LockstepError): boolean =>
  kind === 'transient' || code === 'retries-exhausted' || code === 'spill-failed' || isElsewhere(code);

/** False: it was stopped meanwhile. */
async function pauseAfter(
  { pipeline, error, failures }: { pipeline: string; error: LockstepError; failures: number },
  { events, signal, pause = defaultPause }: SuperviseRequest,
): Promise<boolean> {
  // Whoever stands by for another owner, or for the store, looks often.
  const settings = isElsewhere(error.code) ? { ...pause, maxDelayMs: pause.initialDelayMs } : pause;
  const delayMs = backoffDelayMs(settings, failures, { jitter: 'half' });
  const { code, message } = error;
  if (isElsewhere(code)) tellStandby(pipeline, error, events);
  else
    tellFailed(
      { pipeline, error, nextStep: `it is started again in ${Math.ceil(delayMs / 1000)} s` },
      events,
    );
  events.emit('retry', { pipeline, what: 'the pipeline', code, message, attempt: failures, delayMs });
  try {
    await delay(delayMs, undefined, { signal });
    return true;
  } catch {
    // Only the signal ends the wait.
    return false;
  }
}

function tellFailed(
  { pipeline, error, nextStep }: { pipeline: string; error: LockstepError; nextStep: string },
  events: EventSink,
): void {
  events.emit('status', { pipeline, status: 'failed', reason: `${error.code}: ${error.message}`, nextStep });
}
