import type { CollectionName } from './names.ts';
import type { Shape } from './shape.ts';
import type { CursorSettings } from './since.ts';
import type { Row, Value } from './value.ts';

/**
 * A pure function from a source row to a target row; null: the row does not belong (it leaves if it was there).
 * Called once per row and again whenever the row is compared, so it must give the same answer each time.
 */
export type MapFunction = (row: Row) => Row | null;

/**
 * Further values of a unique column, in order, for a target row whose own is taken: by a row outside our scope, by a marked one, or by a row
 * of ours with a lower key. Pure, like the mapping; called only when the value is taken.
 */
export type Alternatives = (row: Row) => readonly Value[];

/** One column of the target and where its value comes from. */
export interface MappedColumn {
  readonly target: string;
  readonly from: { readonly column: string } | { readonly expression: string } | { readonly mapped: true };
  /** The target's type (the dialect's spelling); null when the target can't tell or gets no table. */
  readonly type: string | null;
  /** Written when the row is made, and never looked at again. */
  readonly onInsert?: true;
}

/**
 * Which target rows are ours; nothing else is counted, changed or deleted.
 * - `all`: everything (a target that we created or found empty, or by choice)
 * - `where`: a predicate in the target's language
 * - `owned`: the keys that we wrote, kept at the destination in the transaction that wrote them; with `adopt`, a predicate in the target's
 *   language, rows of others for which it is true become ours when their key comes
 */
export type Scope =
  | { readonly kind: 'all' }
  | { readonly kind: 'where'; readonly predicate: string }
  | { readonly kind: 'owned'; readonly adopt?: string };

/**
 * What leaving means.
 * - `delete`: the row is deleted
 * - `mark`: `set` is applied to it; rows for which `marked` is true count as absent; `clear` is applied when the key comes back
 * - `custom`: `statement` runs with the keys in a temporary table `leaving` (one column per key column); rows for
 *   which `absent` is true count as absent; `clear` is applied when the key comes back
 * - `keep`: nothing leaves, extra rows are neither counted nor touched
 */
export type Leaving =
  | { readonly kind: 'delete' }
  | {
      readonly kind: 'mark';
      /** Target column → expression in the target's language. */
      readonly set: Readonly<Record<string, string>>;
      readonly marked: string;
      readonly clear: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'custom';
      readonly statement: string;
      readonly absent: string;
      /** As in `mark`; empty where the statement leaves nothing behind that has to be undone. */
      readonly clear?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'keep' };

/**
 * Everything that reader, writer and walk must agree on about one collection of one pipeline: made once from
 * the configuration and both shapes, never changed while work is under way.
 */
export interface CollectionPlan {
  /** Unique within the pipeline: the target's name unless configured. Names checkpoints and metrics. */
  readonly name: string;
  readonly source: CollectionName;
  readonly target: CollectionName;
  readonly sourceShape: Shape;
  /** Null: the target does not exist yet and `prepare` creates it. */
  readonly targetShape: Shape | null;
  readonly columns: readonly MappedColumn[];
  /** Target columns that are the key; empty: no key, the collection is only replaced as a whole. */
  readonly key: readonly string[];
  /**
   * Who brings values into the types of `columns`. Absent: the reader, whose own types they are; `reader`: the reader, into those of a
   * database of another kind; `writer`: the writer, as the reader does not know them.
   */
  readonly conversion?: 'reader' | 'writer';
  /** For each of `key` the source column it is taken from unchanged; null: a function decides. */
  readonly sourceKey: readonly string[] | null;
  /** The configuration lists no columns: a column that the source gets belongs here too. */
  readonly allColumns: boolean;
  /** Source columns that `drift` leaves out. Absent: none. */
  readonly ignored?: Readonly<Record<string, 'columnAdded' | 'columnDropped'>>;
  /** By target column. */
  readonly alternatives: ReadonlyMap<string, Alternatives>;
  readonly filter: string | null;
  /** By what it is told what changed; null: not at all. */
  readonly cursor: CursorSettings | null;
  readonly map: MapFunction | null;
  /** Source columns that `map` sees; without a function: empty, `columns` says it all. */
  readonly mapReads: readonly string[];
  /** `default`: `open` decides: `all` for a target that we created or found empty, else `owned`. */
  readonly scope: Scope | { readonly kind: 'default' };
  readonly leaving: Leaving;
  /** Limits of this collection where they differ from the pipeline's. */
  readonly guard: {
    readonly maxLeavingShare?: number | undefined;
    readonly fromRows?: number | undefined;
    readonly mayEmpty?: boolean | undefined;
  };
  /** A refresh makes a table with all rows that takes the target's place. Absent: it does not. */
  readonly swap?: boolean;
  /** The target may be created when it is missing. */
  readonly create: boolean;
  /** Stated by the configuration: a change of it heals by a walk. Covers mapping version, selection, key. */
  readonly fingerprint: string;
}
