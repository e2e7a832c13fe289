import { withRetry } from '../retry/with-retry.ts';
import type { WalkContext } from './context.ts';

/** Repeats a piece of work that fails for a reason that passes, with the pipeline's settings, and tells about it. */
export function retrying<Result>(
  context: WalkContext,
  { what, signal }: { readonly what: string; readonly signal: AbortSignal },
  work: () => Promise<Result>,
): Promise<Result> {
  const { pipeline, events } = context;
  return withRetry(work, {
    what,
    settings: context.settings.retry,
    signal,
    onRetry: ({ error, attempt, delayMs }) =>
      events.emit('retry', { pipeline, what, code: error.code, message: error.message, attempt, delayMs }),
  });
}

/** The same for as long as it takes: in a stream nothing is given up for reasons that pass. */
export const persisting = <Result>(
  context: WalkContext,
  options: { readonly what: string; readonly signal: AbortSignal },
  work: () => Promise<Result>,
): Promise<Result> => {
  const retry = { ...context.settings.retry, attempts: Number.POSITIVE_INFINITY };
  return retrying({ ...context, settings: { ...context.settings, retry } }, options, work);
};
