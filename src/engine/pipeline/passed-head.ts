import { toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Heads } from '../../protocol/feed.ts';
import type { Position } from '../../protocol/names.ts';
import type { StreamContext } from '../stream/context.ts';
import type { Ledger } from '../stream/ledger.ts';
import type { Signal } from '../stream/signal.ts';
import { persisting, retrying } from '../walk/retrying.ts';

export interface PassedHeadRequest {
  readonly context: StreamContext;
  readonly ledger: Ledger;
  /** Fires whenever the destination has moved on. */
  readonly moved: Signal;
  /** Lets the stream look whether it has a boundary that is waited for. */
  readonly wake: () => void;
  readonly signal: AbortSignal;
}

/** Resolves once everything that the source has told by now is durable at the destination. */
export async function passedHead(request: PassedHeadRequest): Promise<void> {
  const { context, signal } = request;
  const { positions } = await persisting(context, { what: 'find the head', signal }, () =>
    context.feed.head('through', { signal }),
  );
  await reached(request, positions);
}

/** A stream that moves saves a boundary each second, also when nothing changes. */
const fewestMs = 2_000;
const mostMs = 10_000;

/**
 * The same, but false as soon as the stream has stood still for a while: its feed can't be opened, or is held back. As long as two attempts
 * are apart at most, within limits.
 */
export async function passedHeadUnlessStill(request: PassedHeadRequest): Promise<boolean> {
  const { context, ledger, signal } = request;
  const still = new AbortController();
  const either = AbortSignal.any([signal, still.signal]);
  const places = (): string => [...ledger.positions].join(' ');
  let seen = places();
  const look = (): void => {
    const now = places();
    if (now === seen) still.abort(new Error('the stream stands still'));
    seen = now;
  };
  const everyMs = Math.max(fewestMs, Math.min(mostMs, context.settings.retry.maxDelayMs));
  const looking = setInterval(look, everyMs);
  try {
    const heads = await headUnlessAway({ ...request, signal: either });
    if (heads !== null) await reached({ ...request, signal: either }, heads.positions);
    return heads !== null;
  } catch (thrown) {
    if (!still.signal.aborted || signal.aborted) throw thrown;
    return false;
  } finally {
    clearInterval(looking);
  }
}

/** Null: nobody can say. */
async function headUnlessAway({ context, signal }: PassedHeadRequest): Promise<Heads | null> {
  try {
    return await retrying(context, { what: 'find the head', signal }, () =>
      context.feed.head('through', { signal }),
    );
  } catch (thrown) {
    if (toLockstepError(thrown).code !== 'retries-exhausted') throw thrown;
    return null;
  }
}

async function reached(
  { context, ledger, moved, wake, signal }: PassedHeadRequest,
  positions: Heads['positions'],
): Promise<void> {
  const { feed } = context;
  for (const [shard, head] of positions) {
    const isReached = (at: Position): boolean => feed.order(shard, at, head) !== 'before';
    using _ = ledger.awaits({ shard, reached: isReached });
    for (;;) {
      const applied = ledger.of(shard);
      if (applied !== undefined && isReached(applied.position)) break;
      wake();
      await moved.next(signal);
    }
  }
}
