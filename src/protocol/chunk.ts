import type { LockstepError } from './errors/lockstep-error.ts';
import type { Key } from './names.ts';
import type { Row } from './value.ts';

/** How rows travel. Reader and writer each name the formats they know; the engine takes the fastest common one. */
export type Format = 'pg-copy' | 'bson' | 'rows';

/** Rows of one partition. */
export type Chunk = RowsChunk | PgCopyChunk | BsonChunk;

export interface RowsChunk {
  readonly format: 'rows';
  readonly rows: readonly Row[];
  /**
   * The bytes that the rows were decoded from, for a writer of the same dialect: a value that a mapping left
   * alone is then written as it was read, neither encoded again nor altered. Never needed for correctness.
   */
  readonly backing: Backing | null;
  /** Rows that belong here and that the reader can't give; never left out without being named. */
  readonly refused?: readonly RefusedRow[];
}

export interface RefusedRow {
  /** What could be read of it: some of its first columns. */
  readonly row: Row;
  readonly error: LockstepError;
}

export interface Backing {
  /** Names the layout, e.g. `pg-binary`; a writer that does not know it ignores it. */
  readonly layout: string;
  /** For each of `rows`: the row as it was read, before any mapping. */
  readonly originals: readonly Row[];
  readonly content: unknown;
}

/**
 * A piece of one COPY stream between PostgreSQL servers: CopyData messages with their frames
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html), cut anywhere. All pieces of a read,
 * in order, are one stream: header first, trailer last.
 */
export interface PgCopyChunk {
  readonly format: 'pg-copy';
  readonly encoding: 'binary' | 'text';
  readonly bytes: Uint8Array;
  /** How many rows end in this piece. */
  readonly rowCount: number;
  /** Nobody looks at the bytes any more, and their memory may be read into again. Who keeps them does not call it. */
  readonly release?: () => void;
}

/** Whole BSON documents, one after the other. */
export interface BsonChunk {
  readonly format: 'bson';
  readonly bytes: Uint8Array;
  readonly rowCount: number;
}

/** A row of a target as the writer would store it: what equality is decided on. */
export interface StoredForm {
  readonly key: Key;
  /**
   * Everything that is compared (mapped columns that the target does not own), in one canonical byte form. Empty, as no row's is: a stored row
   * that is too large to be held here.
   */
  readonly bytes: Uint8Array;
}

/** With what the row adds to the digest of its group. */
export interface GroupedForm extends StoredForm {
  readonly group: number;
  readonly hash: bigint;
}
