import type { BarrierEvent, FeedChange, Gap } from './change.ts';
import type { Finding } from './finding.ts';
import type { SourceIdentity } from './identity.ts';
import type { CollectionName, Epoch, Position, Shard } from './names.ts';
import type { PreparedStep } from './writer.ts';

export interface FeedCapabilities {
  /** Source transactions can be told apart, so a boundary never falls inside one. */
  readonly transactions: boolean;
  /** Deletes arrive with their key. */
  readonly deletes: boolean;
  /** Changes tell which writer made them. */
  readonly origin: boolean;
  /** Several shards, given and taken away while we run (Kafka). */
  readonly assigned: boolean;
  /**
   * `rows`: inserts and updates carry values; `touches`: only keys are told, rows are read again; `nothing`: no change is told, only, by
   * barriers of the kind `compare`, when to look for some.
   */
  readonly content: 'rows' | 'touches' | 'nothing';
}

/** One collection to be captured, as its plan needs it. */
export interface FeedCollection {
  /** The plan's name: changes carry it. Several may read one source collection; each gets its own changes. */
  readonly name: string;
  readonly source: CollectionName;
  /** Source columns that spell the keys of its changes, in this order; part of what the source tells of every delete. */
  readonly key: readonly string[];
  /** The types of these columns at a target of another kind whose keys are spelled so; absent: as the source spells them. */
  readonly keyTypes?: readonly (string | null)[];
  /** Source columns whose values are wanted, so that no others leave the source; null: keys are enough, each change is a touch. */
  readonly columns: readonly string[] | null;
}

export type FeedItem =
  | {
      readonly kind: 'batch';
      readonly shard: Shard;
      readonly epoch: Epoch;
      readonly changes: readonly FeedChange[];
      /** Where it is safe to stop after this batch; null: inside a transaction. No changes and a boundary: a keepalive, which is saved too. */
      readonly boundary: Position | null;
      /** When what the batch ends with was committed, by the source's clock in epoch milliseconds; of a keepalive: the source's clock. */
      readonly committedAtMs: number | null;
      /** About how much memory the changes take. */
      readonly bytes: number;
    }
  | {
      readonly kind: 'barrier';
      readonly shard: Shard;
      /** Plan names, of all plans that read the source collection. */
      readonly collections: readonly string[];
      readonly event: BarrierEvent;
      /** A boundary right after it; null: inside a transaction. */
      readonly boundary: Position | null;
    }
  /** History is missing between `from` and `to`; what follows begins at `to`. `collections` null: of all. */
  | { readonly kind: 'gap'; readonly gap: Gap; readonly collections: readonly string[] | null }
  /** The shard is no longer ours: what is in hand for it is dropped, nothing of it is acknowledged any more. */
  | { readonly kind: 'revoked'; readonly shard: Shard; readonly epoch: Epoch };

/** Where a source stands. */
export interface Heads {
  readonly positions: ReadonlyMap<Shard, Position>;
  /** The source's clock when it was asked, in epoch milliseconds. */
  readonly atMs: number;
}

/** What the source keeps because of us, or what keeps us waiting. */
export interface Retained {
  /** Kept for us and not yet acknowledged; null: unknown. */
  readonly bytes: number | null;
  /** How much it keeps at most before it forgets what we still need; null: no limit, or unknown. */
  readonly limitBytes: number | null;
  /** Where the source keeps a log of some size whoever reads it: how far back that reaches now; null: it keeps for us, or nobody may know. */
  readonly reachesBackMs: number | null;
  /** Transactions that hold the feed back, for people: `process 4711 of app, open for 93 s`, `prepared transaction "x"`. */
  readonly waitingFor: readonly string[];
}

interface SignalOption {
  readonly signal: AbortSignal;
}

export interface FeedRequest extends SignalOption {
  readonly collections: readonly FeedCollection[];
}

/**
 * Changes of a source, in order per shard. Sources that push (webhooks) write what they receive to a durable inbox of the
 * control store before they answer, and this feed reads the inbox.
 */
export interface Feed extends AsyncDisposable {
  readonly capabilities: FeedCapabilities;

  identity(options: SignalOption): Promise<SourceIdentity>;

  /** What would go wrong, or be lost, if these collections were captured; changes nothing. */
  check(request: FeedRequest): Promise<readonly Finding[]>;

  /** What `prepare` would do now; changes nothing. */
  preview(request: FeedRequest): Promise<readonly PreparedStep[]>;

  /**
   * Makes what capturing needs at the source (slot and publication, triggers and log), and takes away what collections that are no
   * longer captured had. Called before `head('from')`, again whenever collections change, and at every start: a repeat makes only what
   * is missing. Never makes anew, silently, what was there and is lost: that is a gap, which `open` tells.
   */
  prepare(request: FeedRequest): Promise<readonly PreparedStep[]>;

  /**
   * Names of those whose changes are not captured now, as far as `open` would not tell so: `prepare` was never called for them, or somebody
   * took away what it made. Asked before each `prepare`, so that it is known for good before that covers it up. Absent: `open` tells all.
   */
  uncaptured?(request: FeedRequest): Promise<readonly string[]>;

  /**
   * `from`: whatever is read after this returns shows everything before the position, and everything after it will be told; may wait for
   * transactions that are open now. `through`: everything that finished reads have seen is at or before it; cheap.
   */
  head(kind: 'from' | 'through', options: SignalOption): Promise<Heads>;

  /**
   * Starts delivering after `resume` (per shard; absent: where `head('from')` was). Called again after an error or an abort, with what
   * the destination remembers. Items that are not taken are not read on: the consumer's pace holds the source back, and what is read
   * ahead of it stays below `byteBudget`. Ends only by abort (return) or error (throw).
   */
  open(
    resume: ReadonlyMap<Shard, Position>,
    options: FeedRequest & { readonly byteBudget: number },
  ): AsyncIterable<FeedItem>;

  /** Only once a checkpoint at `position` is durable; cheap, may be called often; never goes back. */
  acknowledge(shard: Shard, epoch: Epoch, position: Position): void;

  order(shard: Shard, a: Position, b: Position): 'before' | 'same' | 'after';

  /**
   * A value of the first type (as the source's shape spells it), as this feed tells it, is what a read with `as` the second would give.
   * False costs a read per change, nothing else.
   */
  carries(sourceType: string, targetType: string): boolean;

  retained(options: SignalOption): Promise<Retained>;

  /** Keeps a word beside the feed at the source, so that a source restored from an older copy is noticed. False: nothing may be written there. */
  remember(word: string, options: SignalOption): Promise<boolean>;
  /** The word that was kept last; null: none. */
  recall(options: SignalOption): Promise<string | null>;

  /** Takes away everything of ours at the source, and names what it could not reach. */
  remove(request: FeedRequest): Promise<readonly PreparedStep[]>;
}
