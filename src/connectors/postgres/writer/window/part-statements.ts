import type { Change } from '../../../../protocol/change.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { BatchRows, BatchStatement, Parameter } from '../../session/batch.ts';
import type { TargetColumn, TargetModel } from '../model/target-model.ts';
import type { OutcomeList } from '../write/outcome-list.ts';
import { keyValues, type NumberedChange, patchValues, rowValues } from './array-stage.ts';
import { canUpsert } from './can-upsert.ts';
import { patchColumns, patchSql, type TargetSql, targetSql } from './target-sql.ts';
import { keyRepeated, type WindowPart } from './window-part.ts';

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

export function planPart({ model, changes, outcomes }: WindowPart): PlannedPart {
  const planner = new Planner(model, outcomes);
  const upserts = numbered(changes, 'upsert');
  const patches = numbered(changes, 'patch');
  const leaves = numbered(changes, 'leave');
  const keyed = model.scope.kind === 'all' ? [] : changes.map((change, ordinal) => ({ change, ordinal }));
  const piecewise = <Kind extends Change['kind']>(
    some: readonly NumberedChange<Kind>[],
    plan: (piece: readonly NumberedChange<Kind>[]) => readonly Planned[],
  ): readonly Planned[] => piecesOf(model, some).flatMap(plan);
  return {
    clashes: piecewise(keyed, (piece) => [planner.clashes(piece)]),
    writes: [
      ...piecewise(patches, (piece) => planner.patches(piece)),
      ...piecewise(upserts, (piece) => planner.upserts(piece)),
    ],
    leaves: model.leaving.kind === 'keep' ? [] : piecewise(leaves, (piece) => planner.leaves(piece)),
  };
}

/** While the server works on one piece, the values of the next are made. */
const changesPerPiece = 1000;

/** Rows that refer to rows of the same table stay in one statement, at whose end references are checked. */
function piecesOf<Item>({ table }: TargetModel, items: readonly Item[]): readonly (readonly Item[])[] {
  const isOwn = table.references.some((each) => each.schema === table.schema && each.table === table.table);
  const length = isOwn ? Math.max(1, items.length) : changesPerPiece;
  const count = Math.ceil(items.length / length);
  return Array.from({ length: count }, (_, index) => items.slice(index * length, (index + 1) * length));
}

function numbered<Kind extends Change['kind']>(
  changes: readonly Change[],
  kind: Kind,
): readonly NumberedChange<Kind>[] {
  const isKind = (change: Change): change is Change & { readonly kind: Kind } => change.kind === kind;
  return changes.flatMap((change, ordinal) => (isKind(change) ? [{ ordinal, change }] : []));
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

  clashes(changes: readonly NumberedChange[]): Planned {
    const values = () => keyValues(this.#model, changes);
    return this.plan(this.#sql.clashes, { values, note: this.#noting('clash') });
  }

  upserts(changes: readonly NumberedChange<'upsert'>[]): readonly Planned[] {
    const exactly = changes.length <= mostExact;
    return canUpsert(this.#model)
      ? [this.#upsertAtOnce(changes, exactly)]
      : this.#updateThenInsert(changes, exactly);
  }

  #upsertAtOnce(changes: readonly NumberedChange<'upsert'>[], exactly: boolean): Planned {
    const values = () => this.#rowValues(changes, false);
    const sql = exactly ? this.#sql.upsertExactly : this.#sql.upsert;
    const note: Planned['note'] = ([row]) => {
      const [inserted, updated] = row ?? [];
      if (exactly) {
        this.#outcomes.set(arrayOf(inserted), 'inserted');
        this.#outcomes.set(arrayOf(updated), 'updated');
      } else this.#share(changes, { inserted: Number(inserted), updated: Number(updated) });
    };
    return this.plan(sql, { values, note });
  }

  #updateThenInsert(changes: readonly NumberedChange<'upsert'>[], exactly: boolean): readonly Planned[] {
    const values = once(() => this.#rowValues(changes, true));
    const { insert, insertExactly } = this.#sql;
    const counted: Planned['note'] = ([row]) =>
      this.#share(changes, { inserted: Number(row?.[0]), updated: 0 });
    return [
      ...this.#updates(values),
      exactly
        ? this.plan(insertExactly, { values, note: this.#noting('inserted') })
        : this.plan(insert, { values, note: counted }),
    ];
  }

  updates(changes: readonly NumberedChange<'upsert'>[]): readonly Planned[] {
    return this.#updates(once(() => this.#rowValues(changes, true)));
  }

  #updates(values: BatchStatement['values']): readonly Planned[] {
    const { update, refuseAbsent } = this.#sql;
    return [
      ...(update === null ? [] : [this.plan(update, { values, note: this.#noting('updated') })]),
      ...(refuseAbsent === null ? [] : [this.plan(refuseAbsent, { values, refusal: this.#stillAbsent })]),
    ];
  }

  /** One statement per set of columns. */
  patches(patches: readonly NumberedChange<'patch'>[]): readonly Planned[] {
    const groups = Map.groupBy(patches, ({ change }) =>
      patchColumns(this.#model, change.row)
        .map(({ slot }) => slot)
        .join(),
    );
    return [...groups.values()].flatMap((changes) => this.#patch(changes));
  }

  #patch(changes: readonly NumberedChange<'patch'>[]): readonly Planned[] {
    const columns = patchColumns(this.#model, changes[0]?.change.row ?? {});
    const { update, refuseMissing } = patchSql(this.#model, columns);
    const keys = () => keyValues(this.#model, changes);
    const missing = this.plan(refuseMissing, { values: keys, refusal: this.#rowMissing });
    if (update === null) return [missing];
    const request = { model: this.#model, columns, changes, stored: true };
    return [
      missing,
      this.plan(update, { values: () => patchValues(request), note: this.#noting('updated') }),
    ];
  }

  leaves(changes: readonly NumberedChange<'leave'>[]): readonly Planned[] {
    const { leave, disown } = this.#sql;
    const values = once(() => keyValues(this.#model, changes));
    return [
      ...(leave === null ? [] : [this.plan(leave, { values, note: this.#noting('left') })]),
      ...(disown === null ? [] : [this.plan(disown, { values })]),
    ];
  }

  #rowValues(changes: readonly NumberedChange<'upsert'>[], stored: boolean): readonly Parameter[] {
    const columns: readonly TargetColumn[] = this.#sql.rowColumns;
    return rowValues({ model: this.#model, columns, changes, stored });
  }

  #noting(kind: 'inserted' | 'updated' | 'left' | 'clash'): Planned['note'] {
    return (rows) => this.#outcomes.set(ordinalsOf(rows), kind);
  }

  /** Which of them it was nobody knows; how many of each is true. */
  #share(changes: readonly NumberedChange[], counts: { inserted: number; updated: number }): void {
    const all = this.#outcomes.all();
    const open = changes.map(({ ordinal }) => ordinal).filter((n) => all[n]?.kind === 'unchanged');
    this.#outcomes.set(open.slice(0, counts.inserted), 'inserted');
    this.#outcomes.set(open.slice(counts.inserted, counts.inserted + counts.updated), 'updated');
  }

  /** `refusal`: what a division by zero in it means. */
  plan(sql: string, { values, note = ignore, refusal }: PlanParts): Planned {
    const repeated = { '21000': () => keyRepeated(this.#model) };
    const refusals = refusal === undefined ? repeated : { ...repeated, '22012': refusal };
    return { statement: { sql, values, collection: this.#model.collection, refusals }, note };
  }

  readonly #rowMissing = (): LockstepError =>
    new LockstepError('row-missing', { collection: this.#model.collection });

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
