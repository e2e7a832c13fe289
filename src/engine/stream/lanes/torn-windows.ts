import type { Position, Shard } from '../../../protocol/names.ts';

/** A window that is written in several transactions: from where the shard stands until `at`. */
export interface TornWindow {
  readonly from: Position;
  readonly at: Position;
}

/** The same, and of which shard. */
export interface WindowExtent extends TornWindow {
  readonly shard: Shard;
}

/** What a lane keeps as its position, beside its changes. Valid only while the shard still stands at `from`. */
const writeTorn = ({ from, at }: TornWindow): Position => JSON.stringify([from, at]);

/** With what a lane, by its number from 0, notes that it was here. */
export const lanePosition = (
  { shard, ...torn }: WindowExtent,
  lane: number,
): { readonly shard: Shard; readonly lane: number; readonly at: Position } => ({
  shard,
  lane: lane + 1,
  at: writeTorn(torn),
});

/** Null: somebody else's, or of a form that we do not know. */
function readTorn(text: Position): TornWindow | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const [from, at] = Array.isArray(parsed) ? parsed.map(String) : [];
  return from === undefined || at === undefined ? null : { from, at };
}

/**
 * Windows of which a part may be there and the rest not. Whoever reads the same changes again must bring the whole range at once: rows of
 * the lanes that were done would else step back to what they were in its middle.
 */
export class TornWindows {
  readonly #until = new Map<Shard, Position>();

  /** What lanes of an earlier process left, where the shard still stands where their window began. */
  recall(
    positions: ReadonlyMap<Shard, Position>,
    lanes: ReadonlyMap<Shard, readonly Position[]>,
    isBefore: (shard: Shard, a: Position, b: Position) => boolean,
  ): void {
    for (const [shard, texts] of lanes) {
      for (const torn of texts.map(readTorn)) {
        if (torn === null || torn.from !== positions.get(shard)) continue;
        const known = this.#until.get(shard);
        if (known === undefined || isBefore(shard, known, torn.at)) this.#until.set(shard, torn.at);
      }
    }
  }

  /** Shards stand here now, by what the destination says: what they have passed is not torn any more. */
  passed(
    positions: ReadonlyMap<Shard, Position>,
    isBefore: (shard: Shard, a: Position, b: Position) => boolean,
  ): void {
    for (const [shard, at] of positions) {
      const until = this.#until.get(shard);
      if (until !== undefined && !isBefore(shard, at, until)) this.#until.delete(shard);
    }
  }

  begin(shard: Shard, at: Position): void {
    this.#until.set(shard, at);
  }

  /** The shard's position has moved. */
  end(shard: Shard): void {
    this.#until.delete(shard);
  }

  /** Where a torn window ends; null: there is none. */
  until(shard: Shard): Position | null {
    return this.#until.get(shard) ?? null;
  }
}
