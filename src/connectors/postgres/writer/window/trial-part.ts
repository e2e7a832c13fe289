import type { Change } from '../../../../protocol/change.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import type { Parameter } from '../../session/batch.ts';
import type { Session } from '../../session/session.ts';
import { placesOfHolders } from '../compare/holders.sql.ts';
import type { TargetModel } from '../model/target-model.ts';
import type { UniqueIndex } from '../model/unique-index.ts';
import type { KeyMover } from '../move/key-mover.ts';
import type { SparedLeavings } from '../move/spared-leavings.ts';
import type { Stage } from '../stage/stage.sql.ts';
import { stageKeys } from '../stage/stage-keys.ts';
import { type HeldStage, hasColumns, vacateStatements } from '../together/vacate-all.ts';
import { ChangeSteps } from '../write/change-steps.ts';
import { OutcomeList } from '../write/outcome-list.ts';
import { insertCounting, insertMissing } from '../write/upsert.sql.ts';
import {
  keyStage,
  keyValues,
  type NumberedChange,
  patchValues,
  pieceOf,
  rowStage,
  rowValues,
} from './array-stage.ts';
import { blockedOrdinals, type Want } from './blocked.ts';
import { ordinalsOf, type Planned, Planner } from './part-statements.ts';
import { patchColumns, targetSql } from './target-sql.ts';
import { TrialMoves } from './trial-moves.ts';
import type { Plan, Refuse, Trials } from './trials.ts';
import type { WindowPart } from './window-part.ts';

export interface TrialFacts {
  readonly indexes: readonly UniqueIndex[];
  readonly mover: KeyMover;
  /** Rows to be written under new keys, in a table of their own; null: there are none. */
  readonly moving: Stage | null;
  readonly sparing: SparedLeavings;
  /** Columns that stay null while rows are inserted: what they refer to may come later. */
  readonly bare: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

/** Changes as a statement has them. */
interface Staged {
  readonly changes: readonly NumberedChange[];
  readonly held: HeldStage;
  readonly valuesOf: (changes: readonly NumberedChange[]) => readonly Parameter[];
}

/** One target's changes while it is found out which of them are refused. */
export class TrialPart {
  readonly failures = new Map<number, LockstepError>();
  readonly #model: TargetModel;
  readonly #changes: readonly NumberedChange[];
  readonly #facts: TrialFacts;
  readonly #present = new Set<number>();
  /** Where the rows of changes are that were not refused yet. */
  readonly #places = new Map<string, number>();
  readonly #moves: TrialMoves;
  readonly #refuse: Refuse = (ordinal, error) => {
    this.failures.set(ordinal, error);
  };
  #outcomes: OutcomeList;

  constructor({ model, changes, moves }: WindowPart, facts: TrialFacts) {
    this.#model = model;
    const { collection } = model;
    const { mover, moving: upserts } = facts;
    this.#moves = new TrialMoves({ collection, changes, moves, mover, upserts, refuse: this.#refuse });
    this.#changes = changes.map((change, ordinal) => ({ change, ordinal }));
    this.#facts = facts;
    this.#outcomes = new OutcomeList(changes.length);
  }

  outcomes(): readonly Outcome[] {
    for (const [ordinal, error] of this.failures) this.#outcomes.fail([ordinal], error);
    return this.#outcomes.all();
  }

  restart(): void {
    this.#outcomes = new OutcomeList(this.#changes.length);
  }

  /** What is there before anything is tried, and what of it is somebody else's. */
  async look(trials: Trials): Promise<void> {
    this.#present.clear();
    this.#places.clear();
    await this.#isolate(trials, this.#left(), (changes) => {
      const planner = this.#planner();
      const piece = pieceOf(changes);
      const values = keyValues(this.#model, piece);
      const note: Planned['note'] = (rows) => {
        for (const [n, place] of rows) {
          this.#present.add(Number(n));
          this.#places.set(String(place), Number(n));
        }
      };
      const clashes = this.#model.scope.kind === 'all' ? [] : [planner.clashes(piece)];
      return [planner.plan(targetSql(this.#model).present, { values, note }), ...clashes];
    });
  }

  /** Rows whose values can't even be made must not keep the others from what follows. */
  async evaluate(trials: Trials): Promise<void> {
    const sql = `SELECT count(s) FROM ${rowStage(targetSql(this.#model).rowColumns).sql} AS s`;
    await this.#isolate(trials, this.#of('upsert'), (changes) => [
      this.#planner().plan(sql, { values: this.#values(changes) }),
    ]);
  }

  /** What can't go through as long as other rows stay as they are. */
  async findBlocked(trials: Trials): Promise<void> {
    for (const index of this.#facts.indexes) {
      const wants: Want[] = [];
      const note: Planned['note'] = (rows) =>
        wants.push(...rows.map(([n, place]) => ({ ordinal: Number(n), place: String(place) })));
      for (const { held, changes, valuesOf } of [this.#stagedUpserts(), ...this.#stagedPatches()]) {
        if (!hasColumns(held.stage, index)) continue;
        const sql = placesOfHolders(this.#model, held.stage, index);
        const plan: Plan = (some) => [this.#planner().plan(sql, { values: valuesOf(some), note })];
        await trials.isolate(changes, plan, () => undefined);
      }
      const { collection } = this.#model;
      for (const ordinal of blockedOrdinals(wants, this.#places))
        this.#refuse(ordinal, new LockstepError('unique-conflict', { collection, constraint: index.name }));
    }
  }

  /** Unique values that change places need a temporary one. Where that is refused the value stays where it is. */
  async vacate(trials: Trials): Promise<void> {
    for (const staged of [this.#stagedUpserts(), ...this.#stagedPatches(), ...this.#stagedDeletes()])
      await this.#vacate(trials, staged);
  }

  /** Rows whose keys changed get their new ones. */
  async move(trials: Trials): Promise<void> {
    await this.#moves.run(trials);
  }

  /** Rows that are missing, with references left null where they may be. */
  insert(trials: Trials): Promise<void> {
    const stage = rowStage(targetSql(this.#model).rowColumns);
    const sql = insertCounting(this.#model, insertMissing(this.#model, stage, this.#facts.bare));
    return this.#isolate(trials, this.#of('upsert'), (changes) => {
      const values = this.#values(changes);
      const missing = changes.map(({ ordinal }) => ordinal).filter((n) => !this.#present.has(n));
      const note = () => this.#outcomes.set(missing, 'inserted');
      return [this.#planner().plan(sql, { values, note })];
    });
  }

  async update(trials: Trials): Promise<void> {
    const inserted = this.#outcomes.ordinalsOf('inserted');
    await this.#isolate(trials, this.#of('upsert'), (changes) =>
      this.#planner().updates(pieceOf(changes.filter(isUpsert))),
    );
    // An update that only fills in what the insert left out makes no second outcome.
    this.#outcomes.set(inserted, 'inserted');
    await this.#isolate(trials, this.#of('patch'), (changes) =>
      this.#planner().patches(pieceOf(changes.filter(isPatch))),
    );
  }

  async leave(trials: Trials): Promise<void> {
    await this.#spare(trials);
    const leaves = this.#of('leave');
    switch (this.#model.leaving.kind) {
      case 'keep':
        return;
      case 'custom':
        return trials.isolateWork(
          leaves,
          (session, changes) => this.#leaveByStatement(session, changes),
          this.#refuseLeave,
        );
      case 'delete':
      case 'mark': {
        const plan: Plan = (changes) => this.#planner().leaves(pieceOf(changes.filter(isLeave)));
        await trials.isolate(leaves, plan, this.#refuseLeave);
      }
    }
  }

  /** What may take nothing else with it, and would. */
  async #spare(trials: Trials): Promise<void> {
    const { sparing } = this.#facts;
    const spared = this.#of('leave').filter(({ ordinal }) => sparing.isSpared(ordinal));
    const values = keyValues(this.#model, pieceOf(spared));
    const plan: Plan = () =>
      sparing.checksOf(keyStage(this.#model)).map(({ sql, refusal }) => {
        const note: Planned['note'] = (rows) => {
          for (const ordinal of ordinalsOf(rows)) this.#refuseLeave(ordinal, refusal);
        };
        return this.#planner().plan(sql, { values, note });
      });
    await trials.isolate(spared, plan, this.#refuse);
  }

  async #leaveByStatement(session: Session, changes: readonly NumberedChange[]): Promise<void> {
    const { signal } = this.#facts;
    const model = this.#model;
    const keys = changes.map(({ ordinal, change }) => ({ ordinal, key: change.key }));
    const stage = await stageKeys(session, { model, name: 'lockstep_trial', keys, signal });
    const outcomes = new OutcomeList(this.#changes.length);
    const staged = { upserts: null, patches: [], leaves: stage };
    await new ChangeSteps({ session, model, staged, outcomes, signal }).leave();
    const failure = outcomes.failure();
    if (failure !== null) throw failure;
    await session.execute('DROP TABLE pg_temp.lockstep_trial', { signal });
    this.#outcomes.set(outcomes.ordinalsOf('left'), 'left');
  }

  /** A row whose former key can't leave does not get its new one either. */
  readonly #refuseLeave: Refuse = (ordinal, error) => {
    const key = this.#changes[ordinal]?.change.key;
    if (key === undefined || !this.#moves.refuseFormer(key, error)) this.#refuse(ordinal, error);
  };

  #planner(): Planner {
    return new Planner(this.#model, this.#outcomes);
  }

  #isolate(trials: Trials, changes: readonly NumberedChange[], plan: Plan): Promise<void> {
    return trials.isolate(changes, plan, this.#refuse);
  }

  #vacate(trials: Trials, { changes, held, valuesOf }: Staged): Promise<void> {
    const statements = vacateStatements(this.#model, this.#facts.indexes, [held]);
    if (statements.length === 0) return Promise.resolve();
    const plan: Plan = (some) => {
      const values = valuesOf(some);
      return statements.map((sql) => this.#planner().plan(sql, { values }));
    };
    return trials.isolate(changes, plan, () => undefined);
  }

  #stagedUpserts(): Staged {
    return {
      changes: this.#of('upsert'),
      held: { stage: rowStage(targetSql(this.#model).rowColumns), holds: 'rows' },
      valuesOf: (changes) => this.#values(changes),
    };
  }

  #stagedPatches(): readonly Staged[] {
    const model = this.#model;
    return this.#patchGroups().map((patches) => {
      const columns = patchColumns(model, patches[0]?.change.row ?? {});
      return {
        changes: patches,
        held: { stage: keyStage(model, columns), holds: 'rows' },
        valuesOf: (changes) =>
          patchValues({ model, columns, piece: pieceOf(changes.filter(isPatch)), stored: true }),
      };
    });
  }

  #stagedDeletes(): readonly Staged[] {
    if (this.#model.leaving.kind !== 'delete') return [];
    return [
      {
        changes: this.#of('leave'),
        held: { stage: keyStage(this.#model), holds: 'keys' },
        valuesOf: (changes) => keyValues(this.#model, pieceOf(changes)),
      },
    ];
  }

  #patchGroups(): readonly (readonly NumberedChange<'patch'>[])[] {
    const groups = Map.groupBy(this.#of('patch').filter(isPatch), ({ change }) =>
      patchColumns(this.#model, change.row)
        .map(({ slot }) => slot)
        .join(),
    );
    return [...groups.values()];
  }

  #values(changes: readonly NumberedChange[]): readonly Parameter[] {
    const columns = targetSql(this.#model).rowColumns;
    const piece = pieceOf(changes.filter(isUpsert));
    return rowValues({ model: this.#model, columns, piece, stored: true });
  }

  /** Those that were not refused yet. */
  #left(): readonly NumberedChange[] {
    return this.#changes.filter(({ ordinal }) => !this.failures.has(ordinal));
  }

  #of(kind: Change['kind']): readonly NumberedChange[] {
    return this.#left().filter(({ change }) => change.kind === kind);
  }
}

const isUpsert = (each: NumberedChange): each is NumberedChange<'upsert'> => each.change.kind === 'upsert';
const isPatch = (each: NumberedChange): each is NumberedChange<'patch'> => each.change.kind === 'patch';
const isLeave = (each: NumberedChange): each is NumberedChange<'leave'> => each.change.kind === 'leave';
