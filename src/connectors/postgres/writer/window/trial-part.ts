import type { Change } from '../../../../protocol/change.ts';
import type { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Outcome } from '../../../../protocol/outcome.ts';
import type { Parameter } from '../../session/batch.ts';
import type { Session } from '../../session/session.ts';
import type { TargetModel } from '../model/target-model.ts';
import type { UniqueIndex } from '../model/unique-index.ts';
import { stageKeys } from '../stage/stage-keys.ts';
import { type HeldStage, vacateStatements } from '../together/vacate-all.ts';
import { ChangeSteps } from '../write/change-steps.ts';
import { OutcomeList } from '../write/outcome-list.ts';
import { insertCounting, insertMissing } from '../write/upsert.sql.ts';
import { keyStage, keyValues, type NumberedChange, patchValues, rowStage, rowValues } from './array-stage.ts';
import { ordinalsOf, type Planned, Planner } from './part-statements.ts';
import { patchColumns, targetSql } from './target-sql.ts';
import type { Plan, Refuse, Trials } from './trials.ts';
import type { WindowPart } from './window-part.ts';

export interface TrialFacts {
  readonly indexes: readonly UniqueIndex[];
  /** Columns that stay null while rows are inserted: what they refer to may come later. */
  readonly bare: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

interface Vacating {
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
  #outcomes: OutcomeList;

  constructor({ model, changes }: WindowPart, facts: TrialFacts) {
    this.#model = model;
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
    await this.#isolate(trials, this.#left(), (changes) => {
      const planner = this.#planner();
      const values = keyValues(this.#model, changes);
      const note: Planned['note'] = (rows) => {
        for (const ordinal of ordinalsOf(rows)) this.#present.add(ordinal);
      };
      const clashes = this.#model.scope.kind === 'all' ? [] : [planner.clashes(changes)];
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

  /** Unique values that change places need a temporary one. Where that is refused the value stays where it is. */
  async vacate(trials: Trials): Promise<void> {
    const model = this.#model;
    const columns = targetSql(model).rowColumns;
    await this.#vacate(trials, this.#of('upsert'), {
      held: { stage: rowStage(columns), holds: 'rows' },
      valuesOf: (changes) => this.#values(changes),
    });
    for (const patches of this.#patchGroups()) {
      const columns = patchColumns(model, patches[0]?.change.row ?? {});
      await this.#vacate(trials, patches, {
        held: { stage: keyStage(model, columns), holds: 'rows' },
        valuesOf: (changes) =>
          patchValues({ model, columns, changes: changes.filter(isPatch), stored: true }),
      });
    }
    if (model.leaving.kind !== 'delete') return;
    await this.#vacate(trials, this.#of('leave'), {
      held: { stage: keyStage(model), holds: 'keys' },
      valuesOf: (changes) => keyValues(model, changes),
    });
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
      this.#planner().updates(changes.filter(isUpsert)),
    );
    // An update that only fills in what the insert left out makes no second outcome.
    this.#outcomes.set(inserted, 'inserted');
    await this.#isolate(trials, this.#of('patch'), (changes) =>
      this.#planner().patches(changes.filter(isPatch)),
    );
  }

  async leave(trials: Trials): Promise<void> {
    const leaves = this.#of('leave');
    switch (this.#model.leaving.kind) {
      case 'keep':
        return;
      case 'custom':
        return trials.isolateWork(
          leaves,
          (session, changes) => this.#leaveByStatement(session, changes),
          this.#refuse,
        );
      case 'delete':
      case 'mark':
        await this.#isolate(trials, leaves, (changes) => this.#planner().leaves(changes.filter(isLeave)));
    }
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

  readonly #refuse: Refuse = (ordinal, error) => {
    this.failures.set(ordinal, error);
  };

  #planner(): Planner {
    return new Planner(this.#model, this.#outcomes);
  }

  #isolate(trials: Trials, changes: readonly NumberedChange[], plan: Plan): Promise<void> {
    return trials.isolate(changes, plan, this.#refuse);
  }

  #vacate(trials: Trials, changes: readonly NumberedChange[], { held, valuesOf }: Vacating): Promise<void> {
    const statements = vacateStatements(this.#model, this.#facts.indexes, [held]);
    if (statements.length === 0) return Promise.resolve();
    const plan: Plan = (some) => {
      const values = valuesOf(some);
      return statements.map((sql) => this.#planner().plan(sql, { values }));
    };
    return trials.isolate(changes, plan, () => undefined);
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
    return rowValues({ model: this.#model, columns, changes: changes.filter(isUpsert), stored: true });
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
