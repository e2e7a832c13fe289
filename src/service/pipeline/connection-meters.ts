import type { EventSink } from '../../protocol/events.ts';
import { ConnectionMeter } from './connection-meter.ts';

/** One meter for each side of each pipeline: a verb beside a stream has connections of its own, and both are ours. */
export class ConnectionMeters {
  readonly #events: EventSink;
  readonly #meters = new Map<string, ConnectionMeter>();

  constructor(events: EventSink) {
    this.#events = events;
  }

  of(pipeline: string, side: 'source' | 'destination'): ConnectionMeter {
    const name = `${side} ${pipeline}`;
    const known = this.#meters.get(name);
    if (known !== undefined) return known;
    const meter = new ConnectionMeter((connected) =>
      this.#events.emit('connections', { pipeline, side, ...connected }),
    );
    this.#meters.set(name, meter);
    return meter;
  }
}
