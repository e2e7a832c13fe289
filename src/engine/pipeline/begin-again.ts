import type { StreamContext } from '../stream/context.ts';
import { Perseverance } from '../stream/persevere.ts';
import { leaseOf } from '../walk/context.ts';
import { type Beginning, type BeginningRequest, beginning } from './beginning.ts';
import { every } from './every.ts';
import { waitWhilePaused } from './paused.ts';
import { troubleOf } from './trouble-of.ts';

const lookEveryMs = 250;

/**
 * Where the stream goes on after what was being written was left in doubt: asked for as long as a side is away, and until somebody pauses or
 * stops. Null: it was stopped.
 */
export async function beginAgain(
  context: StreamContext,
  request: BeginningRequest,
): Promise<Beginning | null> {
  const { condition } = request;
  while ((await waitWhilePaused(context, condition, context.draining)) !== 'stopped') {
    await using pause = watchPause(context);
    const ends = AbortSignal.any([context.draining, pause.signal]);
    try {
      await answers(context, { condition, ends });
      return await beginning(patiently(context, ends), request);
    } catch (thrown) {
      if (!ends.aborted || context.signal.aborted) throw thrown;
    }
  }
  return null;
}

/** The destination is asked by itself first, so that `status` and alerts say for how long it has been away. */
async function answers(
  context: StreamContext,
  { condition, ends }: Pick<BeginningRequest, 'condition'> & { readonly ends: AbortSignal },
): Promise<void> {
  const what = 'ask the destination where it stands';
  const trouble = troubleOf(condition, 'destination');
  const signal = AbortSignal.any([context.signal, ends]);
  await new Perseverance(context, { what, trouble, hurry: () => ends }).until(() =>
    context.writer.attach({ lease: leaseOf(context), signal }),
  );
}

function patiently(context: StreamContext, ends: AbortSignal): StreamContext {
  const retry = { ...context.settings.retry, attempts: Number.POSITIVE_INFINITY };
  const signal = AbortSignal.any([context.signal, ends]);
  return { ...context, signal, settings: { ...context.settings, retry } };
}

/** Its signal aborts once somebody pauses the pipeline. */
function watchPause({ store, pipeline }: StreamContext): AsyncDisposable & { readonly signal: AbortSignal } {
  const paused = new AbortController();
  const over = new AbortController();
  const ends = AbortSignal.any([paused.signal, over.signal]);
  const watching = every(lookEveryMs, ends, async () => {
    if ((await store.requests.paused(pipeline)) !== null) paused.abort();
  });
  watching.catch((thrown: unknown) => paused.abort(thrown));
  return {
    signal: paused.signal,
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await watching;
    },
  };
}
