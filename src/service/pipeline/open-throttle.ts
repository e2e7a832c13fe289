import { setTimeout as delay } from 'node:timers/promises';
import { Throttle } from '../../engine/throttle/throttle.ts';
import type { EventSink } from '../../protocol/events.ts';
import type { PipelineName } from '../../protocol/names.ts';
import type { Connections } from './connections.ts';

const lookEveryMs = 1_000;

/** Spares the destination of a pipeline as its configuration asks. To be disposed of before the connections are. */
export function openThrottle(
  { writer }: Connections,
  { pipeline, events }: { readonly pipeline: PipelineName; readonly events: EventSink },
): Throttle {
  const load = writer.load?.bind(writer);
  return new Throttle({
    load: load === undefined ? null : (signal) => load({ signal }),
    tell: ({ share, reason }) => events.emit('throttle', { pipeline, share, reason }),
    lookEveryMs,
    clock: { now: () => performance.now(), pause: (milliseconds) => delay(milliseconds) },
  });
}
