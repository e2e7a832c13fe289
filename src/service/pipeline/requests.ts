import { setTimeout as delay } from 'node:timers/promises';
import type { ControlStore, PipelineRequest, RequestKind } from '../../protocol/control-store.ts';
import { catalogue, type ErrorCode } from '../../protocol/errors/catalogue.ts';
import { LockstepError, toError } from '../../protocol/errors/lockstep-error.ts';
import type { Json } from '../../protocol/value.ts';
import type { ResolvedPipeline } from '../config/resolved-config.ts';
import type { RequestResult } from '../live-results.ts';
import { engineRuns } from './engine-owner.ts';
import { type LiveStatus, readLiveStatus } from './live-status.ts';
import type { PipelineParts } from './open-pipeline.ts';

const lookEveryMs = 200;
/** Longer than a lease and a takeover: a request is not given up while one engine hands over to the next. */
const withoutEngineMs = 15_000;

/** Where a request stands while it is waited for. */
export interface RequestProgress {
  readonly id: number;
  readonly state: 'waiting' | 'running';
  readonly live: LiveStatus | null;
}

export interface RequestOptions {
  readonly signal: AbortSignal;
  /** Until it has ended; else it is only asked. */
  readonly wait: boolean;
  readonly onProgress?: ((progress: RequestProgress) => void) | undefined;
}

/**
 * Asks the engine that runs the pipeline, in whatever process, and waits for the end. Without an engine nothing is waited for: it happens
 * at the next start. An abort ends the waiting only; what was asked stays asked.
 */
export async function ask(
  { pipeline, context }: PipelineParts,
  { kind, detail }: { readonly kind: RequestKind; readonly detail: Json },
  options: RequestOptions,
): Promise<RequestResult> {
  const store = await context.store();
  const runs = await engineRuns(store, pipeline);
  const id = await store.requests.ask(pipeline.name, { kind, detail, askedAtMs: Date.now() });
  if (!options.wait || !runs)
    return { pipeline: pipeline.name, id, kind, state: 'waiting', engineRuns: runs, result: null };
  return waitForEnd(store, pipeline, { id, kind, ...options });
}

async function waitForEnd(
  store: ControlStore,
  pipeline: ResolvedPipeline,
  options: RequestOptions & { readonly id: number; readonly kind: RequestKind },
): Promise<RequestResult> {
  const { id, kind, signal, onProgress } = options;
  const common = { pipeline: pipeline.name, id, kind };
  let ranAt = performance.now();
  for (;;) {
    const request = await store.requests.get(pipeline.name, id);
    if (request === null) throw forgotten(id, kind);
    if (request.state === 'failed') throw failureOf(request);
    if (request.state === 'done')
      return { ...common, state: 'done', engineRuns: true, result: request.result };
    if (await engineRuns(store, pipeline)) ranAt = performance.now();
    if (performance.now() - ranAt > withoutEngineMs)
      return { ...common, state: request.state, engineRuns: false, result: null };
    onProgress?.({ id, state: request.state, live: await readLiveStatus(store, pipeline.name) });
    await sleep(id, signal);
  }
}

async function sleep(id: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(lookEveryMs, undefined, { signal });
  } catch (thrown) {
    const reason = toError(signal.reason ?? thrown).message;
    throw new LockstepError('interrupted', {
      detail: `${reason}; request ${id} stays asked, and \`lockstep status\` shows it`,
    });
  }
}

/** As the engine told it, with the exit code that it would have had alone. */
function failureOf({ id, kind, result }: PipelineRequest): LockstepError {
  const told = typeof result === 'object' && result !== null && !Array.isArray(result) ? { ...result } : {};
  const code = 'code' in told && typeof told.code === 'string' ? told.code : 'internal';
  const detail = 'message' in told && typeof told.message === 'string' ? told.message : 'no reason was told';
  const exit = isErrorCode(code) ? catalogue[code].exit : 'failed';
  return new LockstepError('request-failed', { id, kind, detail, code }, { exit });
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(catalogue, code);

const forgotten = (id: number, kind: RequestKind): LockstepError =>
  new LockstepError('request-failed', {
    id,
    kind,
    code: 'store-unusable',
    detail: 'it is not in the control store any more: the pipeline was removed, or the store was replaced',
  });
