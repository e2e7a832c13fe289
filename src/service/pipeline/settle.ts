import { setTimeout as delay } from 'node:timers/promises';
import type { Settle } from '../../engine/walk/verify.ts';
import type { Connections } from './connections.ts';

/** Longer than a takeover: a stream that has not passed a head by then does not run. */
const patienceMs = 15_000;
const lookEveryMs = 50;

/** Of a live pipeline: waits until the destination has passed what its source has told by now, whoever streams. */
export function settleOf(
  { feed, writer }: Connections,
  { pipeline, signal }: { readonly pipeline: string; readonly signal: AbortSignal },
): Settle {
  if (feed === null) return null;
  return async () => {
    const { positions: heads } = await feed.head('through', { signal });
    const giveUpAt = performance.now() + patienceMs;
    for (;;) {
      const positions = await writer.positions({ pipeline, signal });
      const isPassed = [...heads].every(([shard, head]) => {
        const position = positions.get(shard);
        return position !== undefined && feed.order(shard, position, head) !== 'before';
      });
      if (isPassed) return true;
      if (performance.now() > giveUpAt) return false;
      await delay(lookEveryMs, undefined, { signal });
    }
  };
}
