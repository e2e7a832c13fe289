/** How a store's rows are read, column by column; each throws when the column holds something else. */
export interface RowReading<Row> {
  integer(row: Row | null | undefined, column: string): number;
  integerOrNull(row: Row, column: string): number | null;
  text(row: Row | null | undefined, column: string): string;
  textOrNull(row: Row, column: string): string | null;
  bytesOrNull(row: Row, column: string): Uint8Array | null;
  oneOf<const Allowed extends string>(row: Row, column: string, allowed: readonly Allowed[]): Allowed;
}

/** What differs between stores: how they give what is no text. Null: it is something else. */
export interface StoredForms {
  /** Above 2^53 neighbours are equal: a number that was rounded would be somebody else's, so it is none. */
  readonly integerOf: (value: unknown) => number | null;
  readonly bytesOf: (value: unknown) => Uint8Array | null;
}

export function readingOf<Row extends Readonly<Record<string, unknown>>>({
  integerOf,
  bytesOf,
}: StoredForms): RowReading<Row> {
  type Read<Value> = (row: Row | null | undefined, column: string) => Value;
  const reads =
    <Value>(of: (value: unknown) => Value | null, what: string): Read<Value> =>
    (row, column) => {
      const value = of(row?.[column]);
      if (value === null) throw new TypeError(`${column} holds no ${what}`);
      return value;
    };
  const orNull =
    <Value>(read: Read<Value>): ((row: Row, column: string) => Value | null) =>
    (row, column) =>
      row[column] === null ? null : read(row, column);
  const integer = reads(integerOf, 'integer that can be told apart');
  const text = reads(textOf, 'text');
  return {
    integer,
    integerOrNull: orNull(integer),
    text,
    textOrNull: orNull(text),
    bytesOrNull: orNull(reads(bytesOf, 'bytes')),
    oneOf: (row, column, allowed) => {
      const value = text(row, column);
      const found = allowed.find((candidate) => candidate === value);
      if (found === undefined) throw new TypeError(`${column} holds an unknown word`);
      return found;
    },
  };
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

export const safeInteger = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
