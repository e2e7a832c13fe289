import type { EventSink } from '../../protocol/events.ts';
import type { Feed } from '../../protocol/feed.ts';
import type { Key } from '../../protocol/names.ts';
import type { Row } from '../../protocol/value.ts';
import type { StreamWriter } from '../../protocol/writer.ts';
import type { EventSource } from '../event-bus.ts';
import type { ComparingWriter, WalkContext } from '../walk/context.ts';

/** What every piece of a stream works with: what a walk has, and the feed. */
export interface StreamContext extends WalkContext {
  readonly writer: ComparingWriter & StreamWriter;
  readonly feed: Feed;
  readonly events: EventSink & EventSource;
  /** Makes a row unreadable to whoever only has the control store; null: nothing of it may be kept. */
  readonly seal: (row: Row, of: { readonly collection: string; readonly key: Key }) => Uint8Array | null;
}
