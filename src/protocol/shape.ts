import type { CollectionName } from './names.ts';

/** What a collection looks like: columns, key, references, size. Read by `describe`, shown by `plan`. */
export interface Shape {
  readonly collection: CollectionName;
  /** Which connector's types these are, e.g. `postgres`. */
  readonly dialect: string;
  readonly columns: readonly Column[];
  /**
   * Rows may have columns that are not listed: any name may be asked for, and some rows do not have it. `all` is the name that asks for
   * everything a row has, each column under its own name. Absent: what is not listed is not there.
   */
  readonly open?: { readonly all: string };
  /** Null: the collection has no key; it can only be copied whole. */
  readonly key: KeyShape | null;
  /** Sets of columns of which the source sees to it that no two of all its rows have the same. Absent: the key is one, if there is a key. */
  readonly identities?: readonly (readonly string[])[];
  /** Other sets of columns that must be unique. A write may have to wait for another key because of them. */
  readonly uniques: readonly (readonly string[])[];
  readonly references: readonly Reference[];
  /** From statistics, for progress and for the number of partitions; may be off or 0. */
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
  /** The connector's own description, for a writer of the same dialect (creates the target from it). */
  readonly native: unknown;
}

export interface Column {
  readonly name: string;
  /** In the dialect's spelling with modifiers: `numeric(12,2)`, `character varying(20)`, `public.mood`. */
  readonly type: string;
  readonly nullable: boolean;
  /** Computed by the database from other columns: read, never written, never compared. */
  readonly generated: boolean;
  /** The database fills it when an insert leaves it out. */
  readonly hasDefault: boolean;
  /** Of an enum, also as an array's element or beneath a domain: its values, in their order. */
  readonly labels?: readonly string[];
}

export interface KeyShape {
  readonly columns: readonly string[];
  /**
   * The total order of this key, when it can be named so that an equal name on another server means the same
   * order and the same ranges (`int`, `uuid`, `utf8-bytes`, `int,utf8-bytes` …). Null: the order depends on the
   * server (a collation), so ranges of one side mean nothing on the other.
   */
  readonly order: string | null;
  /** Two rows may have the same one until their transaction ends. */
  readonly deferrable?: true;
}

/** A foreign key: rows of this collection wait for rows of the other. */
export interface Reference {
  readonly columns: readonly string[];
  readonly collection: CollectionName;
  readonly referencedColumns: readonly string[];
  /** Checked at commit, so order inside one transaction does not matter. */
  readonly deferrable: boolean;
}
