/**
 * What a read asks for. Sources read only what a mapping names, so secrets never leave them.
 * Expressions and filters are written in the source's own language and come from the configuration, never from data.
 */
export interface Selection {
  readonly columns: readonly SelectedColumn[];
  /** Rows for which this is not true do not belong (SQL: a condition; MongoDB: a query as JSON). */
  readonly filter: string | null;
}

export interface SelectedColumn {
  /** The name under which the value arrives. */
  readonly name: string;
  /** Where it comes from: a column of the collection, or an expression over its columns. */
  readonly from: { readonly column: string } | { readonly expression: string };
  /**
   * The type in which the other side stores it, in the dialect's spelling without narrowing modifiers; the
   * reader converts where the conversion loses nothing. Null: as it is.
   */
  readonly as: string | null;
}
