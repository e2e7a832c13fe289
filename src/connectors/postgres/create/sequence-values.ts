import type { PgSequence } from '../catalog/pg-table.ts';

/** Where a sequence stands: its last value, and whether that was given out (`is_called`). */
export interface SequenceState {
  readonly lastValue: string;
  readonly isCalled: boolean;
}

/**
 * Where the destination's sequence must stand so that it gives out no value that the source's gave out or that a row has:
 * the furthest of the source's state, its own and the column's last value, in the direction in which it counts. States
 * that its bounds do not allow do not count. Null: it stands there already.
 */
export function furthestState(request: {
  readonly sequence: PgSequence;
  readonly current: SequenceState;
  readonly source: SequenceState | null;
  /** The largest value of the column; the smallest where the sequence counts down. */
  readonly column: string | null;
}): SequenceState | null {
  const { sequence, current, source, column } = request;
  const candidates = [
    ...(source === null ? [] : [source]),
    ...(column === null ? [] : [{ lastValue: column, isCalled: true }]),
  ].filter(({ lastValue }) => isWithin(lastValue, sequence));
  const isUp = !sequence.increment.startsWith('-');
  const furthest = candidates.reduce(
    (best, candidate) => (isFurther(candidate, best, isUp) ? candidate : best),
    current,
  );
  return furthest === current ? null : furthest;
}

const isWithin = (value: string, { min, max }: PgSequence): boolean =>
  /^-?\d+$/.test(value) && BigInt(value) >= BigInt(min) && BigInt(value) <= BigInt(max);

function isFurther(candidate: SequenceState, than: SequenceState, isUp: boolean): boolean {
  const [left, right] = [BigInt(candidate.lastValue), BigInt(than.lastValue)];
  if (left === right) return candidate.isCalled && !than.isCalled;
  return isUp ? left > right : left < right;
}
