/** What a look at the destination says of a row that is to get another key. */
export interface LookedAt {
  readonly ordinal: number;
  /** Where the row is; null: it is not there, or is not ours. */
  readonly from: string | null;
  /** Where the row is that has the new key; null: nobody has it. */
  readonly to: string | null;
  /** The row that has the new key is to be deleted, if it does not move itself. */
  readonly displaces: boolean;
}

/** All by their ordinals. */
export interface PossibleMoves {
  readonly moving: readonly number[];
  /** Of these, rows whose place another one of them takes: they get a key that nobody has, until that is free again. */
  readonly aside: readonly number[];
  /** Of these, rows whose new key a row has that is deleted. */
  readonly displacing: readonly number[];
}

/**
 * Which rows can get their new keys: those that are there, and whose new key is free, or becomes free because its row moves too. Without
 * I/O. `isOnce`: they surely were not moved before; else rows that move in a circle stay where they are, since nobody could tell that
 * they have moved already, and none is deleted.
 */
export function possibleMoves(all: readonly LookedAt[], isOnce: boolean): PossibleMoves {
  const moving = new Moving(all);
  if (!isOnce) moving.leaveCircles();
  moving.leaveBlocked(({ displaces }) => displaces && isOnce);
  return {
    moving: moving.all.map(({ ordinal }) => ordinal),
    aside: moving.all.filter(({ from }) => moving.isWanted(from)).map(({ ordinal }) => ordinal),
    displacing: moving.all.filter(({ to }) => to !== null && !moving.isAt(to)).map(({ ordinal }) => ordinal),
  };
}

interface Mover extends LookedAt {
  readonly from: string;
}

const isMover = (each: LookedAt): each is Mover => each.from !== null && each.from !== each.to;

class Moving {
  readonly #byFrom: Map<string, Mover>;
  readonly #byTo: Map<string, Mover>;

  constructor(all: readonly LookedAt[]) {
    const movers = all.filter(isMover);
    this.#byFrom = new Map(movers.map((each) => [each.from, each]));
    this.#byTo = new Map(movers.flatMap((each) => (each.to === null ? [] : [[each.to, each]])));
  }

  get all(): readonly Mover[] {
    return [...this.#byFrom.values()];
  }

  /** A row that moves is there. */
  isAt(place: string): boolean {
    return this.#byFrom.has(place);
  }

  /** A row moves there. */
  isWanted(place: string): boolean {
    return this.#byTo.has(place);
  }

  leaveCircles(): void {
    const seen = new Set<Mover>();
    for (const first of this.all) {
      const path: Mover[] = [];
      let next: Mover | undefined = first;
      while (next !== undefined && !seen.has(next)) {
        seen.add(next);
        path.push(next);
        next = next.to === null ? undefined : this.#byFrom.get(next.to);
      }
      const start = next === undefined ? -1 : path.indexOf(next);
      if (start >= 0) for (const each of path.slice(start)) this.#leave(each);
    }
  }

  /** A row that stays is in the way of the one that wants its key, and that one of the next. */
  leaveBlocked(mayDisplace: (mover: Mover) => boolean): void {
    const isBlocked = (mover: Mover): boolean =>
      mover.to !== null && !this.isAt(mover.to) && !mayDisplace(mover);
    const blocked = this.all.filter(isBlocked);
    for (let mover = blocked.pop(); mover !== undefined; mover = blocked.pop()) {
      this.#leave(mover);
      const behind = this.#byTo.get(mover.from);
      if (behind !== undefined && isBlocked(behind)) blocked.push(behind);
    }
  }

  #leave(mover: Mover): void {
    this.#byFrom.delete(mover.from);
    if (mover.to !== null) this.#byTo.delete(mover.to);
  }
}
