/**
 * Where a cursor stands. Times are microseconds since 1970, numbers are themselves; null is before everything.
 *
 * A transaction takes its value early and shows its rows late, so what is below the clock (or the highest number) may still appear. It can
 * only come from a transaction that was open when we looked: `low` is below whatever any of these can have taken.
 */
export interface Standing {
  /** Every row with a lower value that can ever appear was read. */
  readonly low: bigint | null;
  /** What begins after the look takes no lower value. */
  readonly mark: bigint | null;
  /** The lowest value that a session could still write when we looked, those aside that only a prepared transaction could. */
  readonly sessionsLow: bigint | null;
  /** Transactions that were open, each with a value below which it can have taken none. */
  readonly open: ReadonlyMap<string, bigint | null>;
}

/** A transaction that was open at the source when we looked. */
export interface OpenTransaction {
  /** Never given to two, as long as the server runs; a repeat after that only costs reading more. */
  readonly id: string;
  readonly isPrepared: boolean;
  /** When it began; null: the server does not say (another role's, a prepared one), or the cursor is no time. */
  readonly since: bigint | null;
}

export interface Look {
  /** The clock or the highest number, read before the transactions. */
  readonly mark: bigint | null;
  readonly open: readonly OpenTransaction[];
}

/** Where the cursor stands once everything is read that a snapshot shows which is taken after the look. `before`: at the last look. */
export function advance(before: Standing | null, { mark, open }: Look): Standing {
  const bounds = new Map(open.map((transaction) => [transaction.id, boundOf(transaction, before)]));
  const boundsOf = (isPrepared: boolean) =>
    open.filter((each) => each.isPrepared === isPrepared).map(({ id }) => bounds.get(id) ?? null);
  const sessionsLow = least([mark, ...boundsOf(false)]);
  return { low: least([sessionsLow, ...boundsOf(true)]), mark, sessionsLow, open: bounds };
}

/**
 * Who was not there at the last look began after it. A prepared transaction that was not there may have been a session's then, but it was no
 * other prepared one.
 */
function boundOf({ id, isPrepared, since }: OpenTransaction, before: Standing | null): bigint | null {
  if (since !== null) return since;
  if (before === null) return null;
  const known = before.open.get(id);
  if (known !== undefined) return known;
  return isPrepared ? before.sessionsLow : before.mark;
}

/** Null is lower than everything. */
export function least(values: readonly (bigint | null)[]): bigint | null {
  return values.reduce((low, value) => (low === null || value === null ? null : value < low ? value : low));
}
