/** How a store's rows are read, column by column; each throws when the column holds something else. */
export interface RowReading<Row> {
  integer(row: Row, column: string): number;
  integerOrNull(row: Row, column: string): number | null;
  text(row: Row, column: string): string;
  textOrNull(row: Row, column: string): string | null;
  bytesOrNull(row: Row, column: string): Uint8Array | null;
  oneOf<const Allowed extends string>(row: Row, column: string, allowed: readonly Allowed[]): Allowed;
}
