import type { StreamContext } from '../stream/context.ts';
import type { Ledger } from '../stream/ledger.ts';
import type { Signal } from '../stream/signal.ts';
import { persisting } from '../walk/retrying.ts';

export interface PassedHeadRequest {
  readonly context: StreamContext;
  readonly ledger: Ledger;
  /** Fires whenever the destination has moved on. */
  readonly moved: Signal;
  readonly signal: AbortSignal;
}

/** Resolves once everything that the source has told by now is durable at the destination. */
export async function passedHead({ context, ledger, moved, signal }: PassedHeadRequest): Promise<void> {
  const { feed } = context;
  const { positions } = await persisting(context, { what: 'find the head', signal }, () =>
    feed.head('through', { signal }),
  );
  for (const [shard, head] of positions) {
    for (;;) {
      const applied = ledger.of(shard);
      if (applied !== undefined && feed.order(shard, applied.position, head) !== 'before') break;
      await moved.next(signal);
    }
  }
}
