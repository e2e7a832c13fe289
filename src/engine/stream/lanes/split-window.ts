import type { Change } from '../../../protocol/change.ts';
import type { Outcome } from '../../../protocol/outcome.ts';
import type { WindowPart } from '../../../protocol/writer.ts';
import { laneOf } from './lane-of.ts';
import { type Related, ranksOf } from './ranks.ts';

/** What is asked of a part: its changes, and what its target refers to. */
export type Divided = Pick<WindowPart, 'changes' | 'moves' | 'spared'> & { readonly target: Related };

/** What one lane writes of one part of the window. */
export interface Piece {
  /** Which part of the window it is of, and where in it its changes stand. */
  readonly part: number;
  readonly places: readonly number[];
  readonly changes: readonly Change[];
}

/** By lane; lanes without anything to do are left out. */
export type Step = ReadonlyMap<number, readonly Piece[]>;

/** Fewer changes than this for each lane are written sooner by one transaction. */
export const leastPerLane = 200;

/** Not if it is small, if a row goes on under another key, or if rows of one collection refer to each other. */
export const isDivisible = (parts: readonly Divided[]): boolean =>
  changesOf(parts) >= 2 * leastPerLane &&
  !parts.some(movesKeys) &&
  ![...ranksOf(parts.map(({ target }) => target)).values()].includes(null);

/** Takes a divisible window apart by key hashes. Steps follow each other: parents before their children, and what leaves after them in reverse. */
export function splitWindow(parts: readonly Divided[], lanes: number): readonly Step[] {
  const ranks = ranksOf(parts.map(({ target }) => target));
  const deepest = Math.max(...[...ranks.values()].map((rank) => rank ?? 0));
  const used = Math.min(lanes, Math.max(1, Math.floor(changesOf(parts) / leastPerLane)));
  const stepOf = (rank: number, { kind }: Change): number =>
    kind === 'leave' && deepest > 0 ? 2 * deepest + 1 - rank : rank;
  const steps = Array.from({ length: deepest === 0 ? 1 : 2 * deepest + 2 }, () => new Splitting(used));
  for (const [index, { target, changes: told }] of parts.entries()) {
    const rank = ranks.get(target) ?? 0;
    for (const [place, change] of told.entries()) steps[stepOf(rank, change)]?.add(index, place, change);
  }
  return steps.map(({ lanes: taken }) => taken).filter(({ size }) => size > 0);
}

const changesOf = (parts: readonly Divided[]): number =>
  parts.reduce((sum, { changes }) => sum + changes.length, 0);

const movesKeys = ({ moves = [], spared }: Divided): boolean =>
  moves.length > 0 || (spared !== undefined && spared.size > 0);

class Splitting {
  readonly #lanes: number;
  readonly #pieces = new Map<number, Map<number, { places: number[]; changes: Change[] }>>();

  constructor(lanes: number) {
    this.#lanes = lanes;
  }

  add(part: number, place: number, change: Change): void {
    const lane = laneOf(change.key, this.#lanes);
    const pieces = this.#pieces.get(lane) ?? new Map<number, { places: number[]; changes: Change[] }>();
    const piece = pieces.get(part) ?? { places: [], changes: [] };
    piece.places.push(place);
    piece.changes.push(change);
    pieces.set(part, piece);
    this.#pieces.set(lane, pieces);
  }

  get lanes(): Step {
    return new Map(
      [...this.#pieces].map(([lane, pieces]) => [
        lane,
        [...pieces].map(([part, piece]) => ({ part, ...piece })),
      ]),
    );
  }
}

/** Outcomes of pieces, put where their changes stand. */
export class GatheredOutcomes {
  readonly #outcomes: Outcome[][];

  constructor(parts: readonly Divided[]) {
    this.#outcomes = parts.map(() => []);
  }

  add(pieces: readonly Piece[], outcomes: readonly (readonly Outcome[])[]): void {
    for (const [index, { part, places }] of pieces.entries()) {
      const into = this.#outcomes[part];
      for (const [nth, place] of places.entries()) {
        const outcome = outcomes[index]?.[nth];
        if (into !== undefined && outcome !== undefined) into[place] = outcome;
      }
    }
  }

  get all(): readonly (readonly Outcome[])[] {
    return this.#outcomes;
  }
}
