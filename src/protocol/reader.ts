import type { Chunk, Format } from './chunk.ts';
import type { DigestQuery, DigestResult, HashedKey, HashPage, RowGroups } from './digest.ts';
import type { Finding } from './finding.ts';
import type { SourceIdentity } from './identity.ts';
import type { CollectionName, Key, Position } from './names.ts';
import type { Partition } from './partition.ts';
import type { Selection } from './selection.ts';
import type { Shape } from './shape.ts';
import type { CursorMark, CursorSettings, SinceCollection, SinceRequest, SinceRows } from './since.ts';
import type { Row } from './value.ts';
import type { WriteOptions } from './writer.ts';

/** What a reader can do; the engine chooses by it and `check` names what falls without it. */
export interface ReaderCapabilities {
  /** Formats it reads, best first. */
  readonly formats: readonly Format[];
  /** `bulk`: many keys in one request. `single`: one request a key. `none`: absence can't be proved, so nothing ever leaves. */
  readonly lookup: 'bulk' | 'single' | 'none';
  /** All reads of one `snapshot` show one moment. */
  readonly snapshot: boolean;
  /** Rows can be hashed without the engine seeing them, by the server or by the connector. The dialect names how: only digests of equal dialects are comparable. */
  readonly digest: boolean;
  /** It can tell what changed since a cursor: `markSince`, and `readSince` of its snapshots. */
  readonly since: boolean;
  /** Which connector's types its shapes have. */
  readonly dialect: string;
  /**
   * Whose types it brings values into when a selection asks so (`as`). Where those are another database's, `plain` asks for values of
   * JavaScript's own types.
   */
  readonly convertsTo: readonly string[];
  /** Its collections take columns that nobody has listed; `key` is the column that each is found by. Null: it has columns as they are described. */
  readonly open: { readonly key: string } | null;
}

export type LookupTime = 'now' | 'moment';

export interface ReadOptions {
  readonly selection: Selection;
  readonly signal: AbortSignal;
}

/**
 * Rows of a source, or of a target for comparing. Every method may be called while others run, from several
 * lanes; a repeat is harmless. A method that fails throws a `LockstepError` whose class says what to do.
 * Every read sees all rows or fails: what a server would silently filter (row security) is an error.
 */
export interface Reader extends AsyncDisposable {
  readonly capabilities: ReaderCapabilities;

  /** Who the server is. Called at start; stored beside everything that is only true of this server. */
  identity(options: { signal: AbortSignal }): Promise<SourceIdentity>;

  /**
   * From now on this engine reads under a lease. Ends what older owners of it have open at the source, which may hold locks there, as far as
   * the role may; takes a second at most, and what hinders it is told and nothing worse. A repeat is harmless.
   */
  takeOver?(lease: ReadingLease): Promise<void>;

  /** What would go wrong, or be lost, if these collections were read. Called before anything is touched; changes nothing. */
  check(request: {
    collections: readonly CollectionName[];
    /** Columns that are read, where that is known; else all. Rights on others are not asked for. */
    columns?: ReadonlyMap<CollectionName, readonly string[]>;
    /** By which cursors what changed is to be told: what that guarantees, and what not. */
    cursors?: ReadonlyMap<CollectionName, CursorSettings>;
    signal: AbortSignal;
  }): Promise<readonly Finding[]>;

  /** Names that match a pattern (`public.*`), sorted. A plain name gives itself if it exists. */
  list(pattern: string, options: { signal: AbortSignal }): Promise<readonly CollectionName[]>;

  /** Null: there is no such collection. */
  describe(collection: CollectionName, options: { signal: AbortSignal }): Promise<Shape | null>;

  /**
   * The types in which the columns of a selection arrive, by output name; nothing is read. `expression-invalid` when the source can't make
   * sense of one of its expressions or of the filter.
   */
  typesOf(
    collection: CollectionName,
    selection: Selection,
    options: { signal: AbortSignal },
  ): Promise<ReadonlyMap<string, string>>;

  /**
   * Of a destination: how it spells types that the configuration names (`varchar(9)` → `character varying(9)`); null: it has no such type.
   * Absent: they are spelled as the configuration has them.
   */
  spellTypes?(
    names: readonly string[],
    options: { signal: AbortSignal },
  ): Promise<ReadonlyMap<string, string | null>>;

  /** The key of a row that was read with this selection; `keyColumns` are those of its output columns that form the key. */
  keyOf(row: Row, read: { readonly selection: Selection; readonly keyColumns: readonly string[] }): Key;

  /**
   * Opens one moment (where the source has such a thing; else each read has its own). Called once a pass;
   * the snapshot's reads may run side by side. After a lost connection the moment is gone: reads fail with
   * `snapshot-lost`, the pass opens another and compares again what it had finished.
   */
  snapshot(options: { signal: AbortSignal }): Promise<ReadSnapshot>;

  /** As `snapshot`, but each of its reads shows the moment in which it begins, and nothing is held open: for reads that follow a feed. */
  latest(): ReadSnapshot;

  /**
   * Notes where collections stand, one mark each in the order given. Called before the snapshot is opened in which `readSince` reads, for
   * all collections of a pass together; changes nothing. A mark whose cursor is never saved does no harm.
   */
  markSince?(
    collections: readonly SinceCollection[],
    options: { readonly signal: AbortSignal },
  ): Promise<readonly CursorMark[]>;
}

export interface ReadingLease extends WriteOptions {
  /** Of the destination: pipelines of other installations may have the same name and numbers. */
  readonly stateId: string;
}

export interface ReadSnapshot extends AsyncDisposable {
  /** Names the moment, for logs. */
  readonly id: string;

  /**
   * Ranges that together are the whole collection, none twice, about `targetRows` rows each: the first and last are open,
   * so that rows written meanwhile fall into one too. One open range where the key has no order that can be cut.
   */
  partitions(
    collection: CollectionName,
    options: { readonly targetRows: number; readonly selection: Selection; readonly signal: AbortSignal },
  ): AsyncIterable<Partition>;

  /**
   * The rows of a partition, in any order; in `format` if the selection can travel so, else as `rows`. Stopping early (break, abort) ends
   * the work at the server too. An end that is not the end (connection lost, stream short) throws: a short read never looks complete.
   */
  read(
    collection: CollectionName,
    partition: Partition,
    options: ReadOptions & {
      readonly format: Format;
      /** Only with the `digest` capability. Default: all rows. */
      readonly groups?: RowGroups;
      /** As they lie, where that is faster: what changes its place meanwhile may come twice, and the read may fail for it. */
      readonly asItLies?: boolean;
    },
  ): AsyncIterable<Chunk>;

  /**
   * Some keys, by default in their newest state, *not* that of the snapshot's moment: what is seen includes everything up
   * to `notBefore` and everything committed before the call. `at: 'moment'` (with the `snapshot` capability) reads what
   * the snapshot's other reads show, so that rows which refer to each other fit together. Null proves absence: no filter of the server's
   * (row security, rights, paging) can cause it; only the selection's own filter can. A target may
   * hold keys that no row here can have, and spell them as none here is spelled: they are absent too. Fails with `key-repeated` when two
   * rows that were there at once have one of the keys.
   */
  lookup(
    collection: CollectionName,
    keys: readonly Key[],
    options: ReadOptions & {
      /** Output columns of the selection that form the key; the keys are spelled in them. */
      readonly keyColumns: readonly string[];
      readonly notBefore: Position | null;
      /** Transactions (`ChangeMeta.transaction`) that it must show: a feed may tell of one before other sessions see it. */
      readonly shows?: readonly string[];
      readonly at?: LookupTime;
      /**
       * Told, where answers say so by themselves, of a place in the history that the source's feed tells: all that the read has shown is at or before
       * it. A reader never goes back in that. One that does not know it says nothing, and the feed is asked (`head`).
       */
      readonly through?: (position: Position) => void;
    },
  ): Promise<ReadonlyMap<Key, Row | null>>;

  /** Count and hash of the rows of a partition, as a query asks for them. Only with the `digest` capability. */
  digest(collection: CollectionName, partition: Partition, query: DigestQuery): Promise<DigestResult>;

  /** Key and hash of each row of some groups of a partition. Only with the `digest` capability. */
  hashes(
    collection: CollectionName,
    partition: Partition,
    query: DigestQuery & { readonly onlyGroups: ReadonlySet<number> | null },
  ): AsyncIterable<readonly HashedKey[]>;

  /**
   * Key and hash of each row of a partition in the order of the key (`groups` is not looked at). Only with the `digest` capability, and for
   * a key whose `order` is not null.
   */
  hashesInOrder(
    collection: CollectionName,
    partition: Partition,
    query: DigestQuery,
  ): AsyncIterable<HashPage>;

  /**
   * One of these output columns that is null in some row of the selection; null: none is. Absent where a null in a key is a value like any
   * other.
   */
  firstNull?(
    collection: CollectionName,
    options: {
      readonly selection: Selection;
      readonly columns: readonly string[];
      readonly signal: AbortSignal;
    },
  ): Promise<string | null>;

  /**
   * What changed since a cursor, each key at most once, in the order of the cursor: overlapping rather than missing. Only with the `since`
   * capability. What was deleted is not told.
   */
  readSince?(collection: CollectionName, request: SinceRequest): AsyncIterable<SinceRows>;
}
