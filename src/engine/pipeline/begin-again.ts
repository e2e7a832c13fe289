import { toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { StreamContext } from '../stream/context.ts';
import { Perseverance } from '../stream/persevere.ts';
import { leaseOf } from '../walk/context.ts';
import { type Beginning, type BeginningRequest, beginning } from './beginning.ts';
import { every } from './every.ts';
import { lookEveryMs, waitWhilePaused } from './paused.ts';
import { troubleOf } from './trouble-of.ts';

/**
 * Where the stream goes on after what was being written was left in doubt: asked for as long as a side is away, and until somebody pauses or
 * stops. `again`: the plans fit no more, or more has to be done than to go on. Null: it was stopped.
 */
export async function beginAgain(
  context: StreamContext,
  request: BeginningRequest,
): Promise<Beginning | 'again' | null> {
  const { condition } = request;
  while ((await waitWhilePaused(context, condition, context.draining)) !== 'stopped') {
    await using pause = watchPause(context);
    const ends = AbortSignal.any([context.draining, pause.signal]);
    try {
      await bothAnswer(context, { condition, ends });
      const begun = await beginning(patiently(context, ends), { ...request, isPrepared: true });
      // What is walked then may need targets that are not there any more.
      return begun !== null && begun.gap !== null ? 'again' : begun;
    } catch (thrown) {
      if (context.signal.aborted) throw thrown;
      const { class: kind } = toLockstepError(thrown);
      if (!ends.aborted && (kind === 'collection' || kind === 'configuration')) return 'again';
      if (!ends.aborted) throw thrown;
    }
  }
  return null;
}

/** Each is asked by itself first, so that `status` and alerts say for how long it has been away. */
async function bothAnswer(
  context: StreamContext,
  { condition, ends }: Pick<BeginningRequest, 'condition'> & { readonly ends: AbortSignal },
): Promise<void> {
  const { writer, feed } = context;
  const signal = AbortSignal.any([context.signal, ends]);
  const asked = [
    ['destination', () => writer.attach({ lease: leaseOf(context), signal })],
    ['feed', () => feed.identity({ signal })],
  ] as const;
  for (const [of, ask] of asked) {
    const trouble = troubleOf(condition, of);
    const what = of === 'feed' ? 'ask the source who it is' : 'ask the destination where it stands';
    try {
      await new Perseverance(context, { what, trouble, hurry: () => ends }).until<unknown>(ask);
    } finally {
      // Nobody waits for it any more.
      if (ends.aborted) trouble.ended();
    }
  }
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
