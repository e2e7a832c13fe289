import type { Change } from '../../../../protocol/change.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { BatchRows, BatchStatement, Parameter } from '../../session/batch.ts';
import type { TargetColumn, TargetModel } from '../model/target-model.ts';
import { identityRefused } from '../write/fixed.sql.ts';
import type { OutcomeList } from '../write/outcome-list.ts';
import { keyValues, type Piece, patchValues, pieceOf, rowValues } from './array-stage.ts';
import { canUpsert } from './can-upsert.ts';
import { type Believed, type Hint, isNew, isThere } from './hints.ts';
import { patchColumns, patchSql, type TargetSql, targetSql } from './target-sql.ts';
import { repeatedIn, type WindowPart } from './window-part.ts';

/** A statement, and what its rows say about the changes. */
export interface Planned {
  readonly statement: BatchStatement;
  readonly note: (rows: BatchRows) => void;
}

/** What a target's share of a window needs, by when it has to run. */
export interface PlannedPart {
  /** Before anything is written: afterwards a row may look like somebody else's because of us. */
  readonly clashes: readonly Planned[];
  readonly writes: readonly Planned[];
  readonly leaves: readonly Planned[];
}

/** With the ordinals of so few, how each single change came out is asked; of more only how many. */
const mostExact = 64;

/** `believed`: what the feed says of rows that is followed without a look. */
export function planPart({ model, changes, outcomes }: WindowPart, believed: Believed): PlannedPart {
  const planner = new Planner(model, outcomes);
  const { fresh, there, upserts } = split(only(changes, 'upsert'), hintsFor(model, believed));
  const patches = only(changes, 'patch');
  const leaves = only(changes, 'leave');
  const keyed =
    model.scope.kind === 'all' ? nothing : { changes, ordinals: changes.map((_, place) => place) };
  const piecewise = <Kind extends Change['kind']>(
    some: Piece<Kind>,
    plan: (piece: Piece<Kind>) => readonly Planned[],
  ): readonly Planned[] => piecesOf(model, some).flatMap(plan);
  return {
    clashes: piecewise(keyed, (piece) => [planner.clashes(piece)]),
    writes: [
      ...piecewise(patches, (piece) => planner.patches(piece)),
      ...piecewise(there, (piece) => planner.updatesThere(piece)),
      ...piecewise(upserts, (piece) => planner.upserts(piece)),
      ...piecewise(fresh, (piece) => [planner.insertsNew(piece)]),
    ],
    leaves: model.leaving.kind === 'keep' ? [] : piecewise(leaves, (piece) => planner.leaves(piece)),
  };
}

/** While the server works on one piece, the values of the next are made. */
const changesPerPiece = 1000;

/** Rows that refer to rows of the same table stay in one statement, at whose end references are checked. */
const refersToItself = ({ table }: TargetModel): boolean =>
  table.references.some((each) => each.schema === table.schema && each.table === table.table);

/** What is believed of a target's rows, which go in statements of their own then. Null: nothing is. */
interface FollowedHints {
  readonly isNew: Hint | null;
  readonly isThere: Hint | null;
}

function hintsFor(model: TargetModel, believed: Believed): FollowedHints {
  const mayBelieve = canUpsert(model) && !refersToItself(model);
  // A row that is somebody else's must be told from one that is not there.
  const mayUpdate = model.scope.kind === 'all' && targetSql(model).updateThere !== null;
  return {
    isNew: mayBelieve && believed.isNew ? isNew : null,
    isThere: mayBelieve && believed.isThere && mayUpdate ? isThere : null,
  };
}

interface Split {
  readonly fresh: Piece<'upsert'>;
  readonly there: Piece<'upsert'>;
  readonly upserts: Piece<'upsert'>;
}

function split(piece: Piece<'upsert'>, hints: FollowedHints): Split {
  const fresh = hints.isNew === null ? nothing : hinted(piece, hints.isNew);
  const there = hints.isThere === null ? nothing : hinted(piece, hints.isThere);
  const told = fresh.changes.length + there.changes.length;
  if (told === piece.changes.length) return { fresh, there, upserts: nothing };
  if (told === 0) return { fresh, there, upserts: piece };
  const isOther: Hint = (change): change is Upsert =>
    hints.isNew?.(change) !== true && hints.isThere?.(change) !== true;
  return { fresh, there, upserts: chosen(piece, isOther) };
}

type Upsert = Change & { readonly kind: 'upsert' };

/** Most often all of them or none. */
const hinted = (piece: Piece<'upsert'>, hint: Hint): Piece<'upsert'> =>
  piece.changes.every(hint) ? piece : chosen(piece, hint);

function piecesOf<Kind extends Change['kind']>(
  model: TargetModel,
  { changes, ordinals }: Piece<Kind>,
): readonly Piece<Kind>[] {
  const length = refersToItself(model) ? Math.max(1, changes.length) : changesPerPiece;
  return Array.from({ length: Math.ceil(changes.length / length) }, (_, index) => {
    const [from, to] = [index * length, (index + 1) * length];
    return { ordinals: ordinals.slice(from, to), changes: changes.slice(from, to) };
  });
}

const nothing: Piece<never> = { ordinals: [], changes: [] };

function only<Kind extends Change['kind']>(changes: readonly Change[], kind: Kind): Piece<Kind> {
  const isKind = (change: Change): change is Change & { readonly kind: Kind } => change.kind === kind;
  // Nearly always they are all of one kind.
  if (changes.every(isKind)) return { ordinals: changes.map((_, place) => place), changes };
  if (!changes.some(isKind)) return nothing;
  return chosen({ ordinals: changes.map((_, place) => place), changes }, isKind);
}

/** Those of a piece for which it holds. */
function chosen<Kind extends Change['kind'], Wanted extends Change & { readonly kind: Kind }>(
  { ordinals, changes }: Piece,
  isWanted: (change: Change) => change is Wanted,
): Piece<Kind> {
  const [places, wanted]: [number[], Wanted[]] = [[], []];
  let index = 0;
  for (const change of changes) {
    if (isWanted(change)) {
      places.push(ordinals[index] ?? index);
      wanted.push(change);
    }
    index += 1;
  }
  return { ordinals: places, changes: wanted };
}

interface PlanParts {
  readonly values: BatchStatement['values'];
  readonly note?: Planned['note'];
  readonly refusal?: () => LockstepError;
}

/** Makes the statements for some changes of a target; what they say is noted in the list. */
export class Planner {
  readonly #model: TargetModel;
  readonly #outcomes: OutcomeList;
  readonly #sql: TargetSql;

  constructor(model: TargetModel, outcomes: OutcomeList) {
    this.#model = model;
    this.#outcomes = outcomes;
    this.#sql = targetSql(model);
  }

  clashes(piece: Piece): Planned {
    const values = () => keyValues(this.#model, piece);
    return this.plan(this.#sql.clashes, { values, note: this.#noting('clash') });
  }

  upserts(piece: Piece<'upsert'>): readonly Planned[] {
    const exactly = piece.changes.length <= mostExact;
    return canUpsert(this.#model)
      ? [...this.#fixed(() => this.#rowValues(piece, true)), this.#upsertAtOnce(piece, exactly)]
      : this.#updateThenInsert(piece, exactly);
  }

  insertsNew(piece: Piece<'upsert'>): Planned {
    const values = () => this.#rowValues(piece, false);
    const note = () => this.#outcomes.set(piece.ordinals, 'inserted');
    return this.plan(this.#sql.insertNew, { values, note });
  }

  updatesThere(piece: Piece<'upsert'>): readonly Planned[] {
    const sql = this.#sql.updateThere;
    if (sql === null) return this.upserts(piece);
    const values = once(() => this.#rowValues(piece, true));
    const note = () => this.#outcomes.set(piece.ordinals, 'updated');
    return [...this.#fixed(values), this.plan(sql, { values, note, refusal: this.#rowMissing })];
  }

  #upsertAtOnce(piece: Piece<'upsert'>, exactly: boolean): Planned {
    const values = () => this.#rowValues(piece, false);
    const sql = exactly ? this.#sql.upsertExactly : this.#sql.upsert;
    const note: Planned['note'] = ([row]) => {
      const [inserted, updated] = row ?? [];
      if (exactly) {
        this.#outcomes.set(arrayOf(inserted), 'inserted');
        this.#outcomes.set(arrayOf(updated), 'updated');
      } else this.#share(piece, { inserted: Number(inserted), updated: Number(updated) });
    };
    return this.plan(sql, { values, note });
  }

  #updateThenInsert(piece: Piece<'upsert'>, exactly: boolean): readonly Planned[] {
    const values = once(() => this.#rowValues(piece, true));
    const { insert, insertExactly } = this.#sql;
    const counted: Planned['note'] = ([row]) =>
      this.#share(piece, { inserted: Number(row?.[0]), updated: 0 });
    return [
      ...this.#updates(values),
      exactly
        ? this.plan(insertExactly, { values, note: this.#noting('inserted') })
        : this.plan(insert, { values, note: counted }),
    ];
  }

  updates(piece: Piece<'upsert'>): readonly Planned[] {
    return this.#updates(once(() => this.#rowValues(piece, true)));
  }

  #updates(values: BatchStatement['values']): readonly Planned[] {
    const { update, refuseAbsent } = this.#sql;
    return [
      ...this.#fixed(values),
      ...(update === null ? [] : [this.plan(update, { values, note: this.#noting('updated') })]),
      ...(refuseAbsent === null ? [] : [this.plan(refuseAbsent, { values, refusal: this.#stillAbsent })]),
    ];
  }

  /** Rows that an update could not make right are refused before it. */
  #fixed(values: BatchStatement['values']): readonly Planned[] {
    const { refuseFixed } = this.#sql;
    return refuseFixed === null ? [] : [this.plan(refuseFixed, { values, refusal: this.#identityRefused })];
  }

  /** One statement per set of columns. */
  patches({ ordinals, changes }: Piece<'patch'>): readonly Planned[] {
    const numbered = changes.map((change, index) => ({ change, ordinal: ordinals[index] ?? 0 }));
    const groups = Map.groupBy(numbered, ({ change }) =>
      patchColumns(this.#model, change.row)
        .map(({ slot }) => slot)
        .join(),
    );
    return [...groups.values()].flatMap((group) => this.#patch(pieceOf(group)));
  }

  #patch(piece: Piece<'patch'>): readonly Planned[] {
    const columns = patchColumns(this.#model, piece.changes[0]?.row ?? {});
    const { update, refuseMissing, refuseFixed } = patchSql(this.#model, columns);
    const keys = () => keyValues(this.#model, piece);
    const missing = this.plan(refuseMissing, { values: keys, refusal: this.#rowMissing });
    const request = { model: this.#model, columns, piece, stored: true };
    const values = once(() => patchValues(request));
    const refusal = this.#identityRefused;
    return [
      missing,
      ...(refuseFixed === null ? [] : [this.plan(refuseFixed, { values, refusal })]),
      ...(update === null ? [] : [this.plan(update, { values, note: this.#noting('updated') })]),
    ];
  }

  leaves(piece: Piece<'leave'>): readonly Planned[] {
    const { leave, disown } = this.#sql;
    const values = once(() => keyValues(this.#model, piece));
    return [
      ...(leave === null ? [] : [this.plan(leave, { values, note: this.#noting('left') })]),
      ...(disown === null ? [] : [this.plan(disown, { values })]),
    ];
  }

  #rowValues(piece: Piece<'upsert'>, stored: boolean): readonly Parameter[] {
    const columns: readonly TargetColumn[] = this.#sql.rowColumns;
    return rowValues({ model: this.#model, columns, piece, stored });
  }

  #noting(kind: 'inserted' | 'updated' | 'left' | 'clash'): Planned['note'] {
    return (rows) => this.#outcomes.set(ordinalsOf(rows), kind);
  }

  /** Which of them it was nobody knows; how many of each is true. */
  #share({ ordinals }: Piece, counts: { inserted: number; updated: number }): void {
    const all = this.#outcomes.all();
    const open = ordinals.filter((n) => all[n]?.kind === 'unchanged');
    this.#outcomes.set(open.slice(0, counts.inserted), 'inserted');
    this.#outcomes.set(open.slice(counts.inserted, counts.inserted + counts.updated), 'updated');
  }

  /** `refusal`: what a division by zero in it means. */
  plan(sql: string, { values, note = ignore, refusal }: PlanParts): Planned {
    const repeated = { '21000': () => repeatedIn(this.#model) };
    const refusals = refusal === undefined ? repeated : { ...repeated, '22012': refusal };
    return { statement: { sql, values, collection: this.#model.collection, refusals }, note };
  }

  readonly #rowMissing = (): LockstepError =>
    new LockstepError('row-missing', { collection: this.#model.collection });

  readonly #identityRefused = (): LockstepError => identityRefused(this.#model);

  readonly #stillAbsent = (): LockstepError => {
    const detail = 'the row is back and still counts as gone: `clear` does not undo what leaving did';
    return new LockstepError('value-refused', { collection: this.#model.collection, detail });
  };
}

/** For values that several statements have in common. */
function once(make: () => readonly Parameter[]): () => readonly Parameter[] {
  let made: readonly Parameter[] | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

const ignore = (): void => undefined;

export const ordinalsOf = (rows: BatchRows): readonly number[] => rows.map(([n]) => Number(n));

/** `{1,2}` */
const arrayOf = (text: string | null | undefined): readonly number[] =>
  text === null || text === undefined ? [] : text.slice(1, -1).split(',').map(Number);
