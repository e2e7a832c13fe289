import type { CollectionName, Key, Position, Shard } from './names.ts';
import type { Row } from './value.ts';

/**
 * What happens to one key. A `row` may be made anew whenever it is read. `upsert` carries a whole row (an insert, or an update as it stands now); `patch`
 * only the columns that changed; `leave` takes the key out of the set (the mapping's leaving policy says how).
 */
export type Change =
  | {
      readonly kind: 'upsert';
      readonly key: Key;
      readonly row: Row;
      /** A hint: as far as the feed can tell no row has this key. There may be one all the same: it was copied, or it is somebody else's. */
      readonly isNew?: boolean;
      /** A hint: as far as the feed can tell there is a row with this key, and this one differs from it. */
      readonly isThere?: boolean;
      readonly backing?: RowBacking | undefined;
      readonly meta?: ChangeMeta;
    }
  | { readonly kind: 'patch'; readonly key: Key; readonly row: Row; readonly meta?: ChangeMeta }
  | { readonly kind: 'leave'; readonly key: Key; readonly meta?: ChangeMeta };

/** What a feed tells: a change of one key of a collection (by its plan's name), or a touch: this key changed, read it again. */
export type FeedChange =
  | {
      readonly kind: 'insert' | 'update';
      readonly collection: string;
      readonly key: Key;
      /** Only columns that the feed has: absent is unknown, not null. May be made anew whenever it is read: who needs it twice keeps it. */
      readonly row: Row;
      /** No column that was asked for is absent. */
      readonly complete: boolean;
      readonly backing?: RowBacking | undefined;
      /** Set when the key itself changed: the row that had it is now `key`. */
      readonly previousKey?: Key;
      readonly meta: ChangeMeta;
    }
  | {
      readonly kind: 'delete';
      readonly collection: string;
      readonly key: Key;
      readonly meta: ChangeMeta;
    }
  | {
      readonly kind: 'touch';
      readonly collection: string;
      readonly key: Key;
      /** Set when the key itself changed: the row that had it is now `key`. It is touched too. */
      readonly previousKey?: Key;
      /**
       * A row that had the key was deleted, or may have been; there may be one again. Without it there was one right after this change, so
       * should there be none when it is read, then the feed tells the end of that one too, later or before.
       */
      readonly gone?: true;
      readonly meta: ChangeMeta;
    };

/**
 * What a row was told in, under the same names, for a writer of the same dialect: its values are then written as they were told, without
 * being made. Never needed for correctness.
 */
export interface RowBacking {
  /** A writer that does not know it looks at the row. */
  readonly layout: string;
}

/** A row that goes on under another key. */
export interface KeyMove {
  /** The row's key before the changes that it stands beside. */
  readonly from: Key;
  readonly to: Key;
  /** The row that had `to` before is gone: nothing of it may stay. */
  readonly displaces: boolean;
}

/** Changes of one transaction share one. */
export interface ChangeMeta {
  /** Which writer the change came from; null: an application. */
  readonly origin: string | null;
  /** When it was committed at the source, by the source's clock, in epoch milliseconds; null: unknown. */
  readonly committedAtMs: number | null;
  /** A version that the source can order, for mappings that apply "if not older". */
  readonly version: string | null;
  /** Names the transaction at the source, for a read that must show it (`lookup`); null: reads show whatever was told. */
  readonly transaction: string | null;
}

/** An event without a key: all lanes drain, it is acted on, work goes on. */
export interface BarrierEvent {
  /** `compare`: the feed does not know what has changed, and asks for a look at all of it. */
  readonly kind: 'truncate' | 'drop' | 'rename' | 'shape' | 'compare';
  /** What the source itself calls it, where it has a word: `drop`, `rename`. */
  readonly operation?: string;
  /** As the source spells it. */
  readonly source: CollectionName;
  /** What changed, for people: `column "phone" was added`. */
  readonly detail: string;
}

/** History that the source no longer has, or that is not the history we followed. */
export interface Gap {
  readonly shard: Shard;
  readonly from: Position | null;
  readonly to: Position | null;
  readonly reason: string;
}
