import type { Change, KeyMove } from '../../../../protocol/change.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Key } from '../../../../protocol/names.ts';
import type { KeyMover } from '../move/key-mover.ts';
import type { Stage } from '../stage/stage.sql.ts';
import type { NumberedChange } from './array-stage.ts';
import type { Refuse, Trials, Work } from './trials.ts';

export interface TrialMovesParts {
  readonly collection: string;
  readonly changes: readonly Change[];
  readonly moves: readonly KeyMove[];
  readonly mover: KeyMover;
  /** The rows to be written under new keys, in a table of their own. */
  readonly upserts: Stage | null;
  readonly refuse: Refuse;
}

/** Finds out which rows can't get their new keys: both keys are refused then, since the former one must not leave without the row. */
export class TrialMoves {
  readonly #parts: TrialMovesParts;
  /** Those that were not refused, as something that can be halved. */
  #left: readonly NumberedChange[];

  constructor(parts: TrialMovesParts) {
    this.#parts = parts;
    this.#left = parts.moves.map(({ from }, ordinal) => ({ ordinal, change: { kind: 'leave', key: from } }));
  }

  async run(trials: Trials): Promise<void> {
    const { mover, upserts } = this.#parts;
    const refused = await tryAll(trials, this.#left, (_session, some) => mover.move(placesOf(some)));
    const rest = this.#left.filter(({ ordinal }) => refused.has(ordinal));
    if (rest.length === 0) return;
    const bringOver: Work = (_session, some) => mover.bringOver(upserts, placesOf(some));
    const still = upserts === null ? refused : await tryAll(trials, rest, bringOver);
    // What is in the way is told as the first way tells it.
    for (const ordinal of still.keys()) this.#refuse(ordinal, refused.get(ordinal));
  }

  /** A row may not leave under its former key: false if no row that moves has it. */
  refuseFormer(key: Key, error: LockstepError): boolean {
    const found = this.#left.find(({ change }) => change.key === key);
    if (found === undefined) return false;
    this.#refuse(found.ordinal, error);
    return true;
  }

  #refuse(ordinal: number, error: LockstepError | undefined): void {
    const { moves, changes, collection, refuse } = this.#parts;
    const move = moves[ordinal];
    if (move === undefined || error === undefined) return;
    this.#left = this.#left.filter((each) => each.ordinal !== ordinal);
    const refusal =
      error.code === 'key-change-refused'
        ? error
        : new LockstepError('key-change-refused', { collection, detail: error.message });
    for (const [place, { key }] of changes.entries())
      if (key === move.to || key === move.from) refuse(place, refusal);
  }
}

async function tryAll(
  trials: Trials,
  some: readonly NumberedChange[],
  work: Work,
): Promise<ReadonlyMap<number, LockstepError>> {
  const refused = new Map<number, LockstepError>();
  await trials.isolateWork(some, work, (ordinal, error) => void refused.set(ordinal, error));
  return refused;
}

const placesOf = (some: readonly NumberedChange[]): ReadonlySet<number> =>
  new Set(some.map(({ ordinal }) => ordinal));
