import type { KeyMove } from '../../../../protocol/change.ts';
import type { WindowPart } from './window-part.ts';

export interface Moved {
  readonly moved: readonly KeyMove[];
  /** Of these, those that took the place of a row that is gone. */
  readonly displacing: readonly KeyMove[];
}

const nothing: Moved = { moved: [], displacing: [] };

/** What became of changes beside which rows got other keys: a row that moved was updated, whatever else of it changed. */
export class MovedOutcomes {
  readonly #part: Pick<WindowPart, 'changes' | 'outcomes'>;
  #moved: Moved = nothing;

  constructor(part: Pick<WindowPart, 'changes' | 'outcomes'>) {
    this.#part = part;
  }

  /** Of the newest attempt: what was moved before was taken back. */
  note(moved: Moved): void {
    this.#moved = moved;
  }

  /** Called when all else of the attempt is done. */
  settle(): void {
    const { outcomes } = this.#part;
    const { moved, displacing } = this.#moved;
    outcomes.set(this.#ordinalsOf(moved, 'to'), 'updated');
    outcomes.set(this.#ordinalsOf(moved, 'from'), 'unchanged');
    // The row that is gone had the key that another one has now: it is counted with the key that nobody has any more.
    outcomes.set(this.#ordinalsOf(displacing, 'from'), 'left');
  }

  /** Rows that are written under their new keys, or former keys that leave. */
  #ordinalsOf(moves: readonly KeyMove[], side: 'from' | 'to'): readonly number[] {
    if (moves.length === 0) return [];
    const wanted = new Set(moves.map((move) => move[side]));
    return this.#part.changes.flatMap(({ kind, key }, place) =>
      wanted.has(key) && (kind === 'leave') === (side === 'from') ? [place] : [],
    );
  }
}
