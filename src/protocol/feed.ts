import type { BarrierEvent, FeedChange, Gap } from './change.ts';
import type { SourceIdentity } from './identity.ts';
import type { CollectionName, Epoch, Position, Shard } from './names.ts';

export interface FeedCapabilities {
  /** Source transactions can be told apart, so a boundary never falls inside one. */
  readonly transactions: boolean;
  /** Deletes arrive with their key. */
  readonly deletes: boolean;
  /** Changes tell which writer made them. */
  readonly origin: boolean;
  /** Several shards, given and taken away while we run (Kafka). */
  readonly assigned: boolean;
}

export type FeedItem =
  | {
      readonly kind: 'batch';
      readonly shard: Shard;
      readonly epoch: Epoch;
      readonly changes: readonly FeedChange[];
      /** Where it is safe to stop after this batch; null: inside a transaction. No changes and a boundary: a keepalive, which is saved too. */
      readonly boundary: Position | null;
    }
  | {
      readonly kind: 'barrier';
      readonly shard: Shard;
      readonly collection: CollectionName;
      readonly event: BarrierEvent;
    }
  | { readonly kind: 'gap'; readonly gap: Gap }
  /** The shard is no longer ours: what is in hand for it is dropped, nothing of it is acknowledged any more. */
  | { readonly kind: 'revoked'; readonly shard: Shard; readonly epoch: Epoch };

/**
 * Changes of a source, in order per shard. Sources that push (webhooks) write what they receive to a durable inbox of the
 * control store before they answer, and this feed reads the inbox.
 */
export interface Feed extends AsyncDisposable {
  readonly capabilities: FeedCapabilities;

  identity(options: { signal: AbortSignal }): Promise<SourceIdentity>;

  /**
   * `from`: whatever is read after this returns shows everything before the position; may wait for transactions
   * that are open now. `through`: everything that finished reads have seen is at or before it.
   */
  head(kind: 'from' | 'through', options: { signal: AbortSignal }): Promise<Position>;

  /**
   * Starts delivering after `resume` (per shard; absent: where `head('from')` was). Called once per feed
   * object; a second call after an error resumes from what was acknowledged. Ends only by abort or error.
   */
  open(
    resume: ReadonlyMap<Shard, Position>,
    options: {
      readonly collections: readonly CollectionName[];
      readonly byteBudget: number;
      readonly signal: AbortSignal;
    },
  ): AsyncIterable<FeedItem>;

  /** Only once a checkpoint at `position` is durable; cheap, may be called often; never goes back. */
  acknowledge(shard: Shard, epoch: Epoch, position: Position): void;

  order(shard: Shard, a: Position, b: Position): 'before' | 'same' | 'after';
}
