import type { Position } from '../../protocol/names.ts';
import type { StreamContext } from '../stream/context.ts';
import type { Ledger } from '../stream/ledger.ts';
import type { Signal } from '../stream/signal.ts';
import { persisting } from '../walk/retrying.ts';

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
export async function passedHead({ context, ledger, moved, wake, signal }: PassedHeadRequest): Promise<void> {
  const { feed } = context;
  const { positions } = await persisting(context, { what: 'find the head', signal }, () =>
    feed.head('through', { signal }),
  );
  for (const [shard, head] of positions) {
    const reached = (at: Position): boolean => feed.order(shard, at, head) !== 'before';
    using _ = ledger.awaits({ shard, reached });
    for (;;) {
      const applied = ledger.of(shard);
      if (applied !== undefined && reached(applied.position)) break;
      wake();
      await moved.next(signal);
    }
  }
}
