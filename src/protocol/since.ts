import type { RowsChunk } from './chunk.ts';
import type { CollectionName, Cursor, Key } from './names.ts';
import type { ReadOptions } from './reader.ts';

/** What the configuration says of a collection's cursor; what it means is the connector's matter. */
export interface CursorSettings {
  /** The column of the source that grows whenever a row is written. */
  readonly column: string;
  /** So much is read again before where the last pass ended: `1m` of a time, a number of a number. Null: the connector's default. */
  readonly overlap: string | number | null;
  /** IANA name: in which zone a time without one is written. */
  readonly timeZone: string | null;
}

export interface SinceCollection {
  readonly collection: CollectionName;
  readonly settings: CursorSettings;
  /** What was saved after the last pass; null: nothing. */
  readonly from: Cursor | null;
}

/** Where a collection stands before a pass reads it. */
export interface CursorMark {
  /**
   * May be saved once everything that a snapshot shows which was opened after the mark was taken is at the destination. What is written
   * later, or was under way then, is read by whoever goes on from here.
   */
  readonly next: Cursor;
  /** Why what changed since `from` can't be told, for people: everything has to be compared. Null: it can. */
  readonly gap: string | null;
  /** `next` for people. */
  readonly at: string;
  /** What keeps `next` back, for people: a transaction that is still open. Null: nothing. */
  readonly waitsFor: string | null;
}

export interface SinceRequest extends ReadOptions {
  readonly settings: CursorSettings;
  /** What changed since here; it came from a mark that was no gap, or from an earlier page. */
  readonly from: Cursor;
  /** Of the mark that was taken before the snapshot was opened. */
  readonly next: Cursor;
  /** Output columns of the selection that form the key. */
  readonly keyColumns: readonly string[];
  /** About so many rows lie between two cursors that can be saved. */
  readonly targetRows: number;
}

/** Some of what changed since a cursor. More than that may come, never less: whoever takes it compares. */
export interface SinceRows {
  readonly chunk: RowsChunk;
  /** Keys of rows that the selection's filter leaves out, which may have passed it before. */
  readonly outside: readonly Key[];
  /** May be saved once these rows and all before them are at the destination; null: not here. The last one is the mark's. */
  readonly next: Cursor | null;
}
