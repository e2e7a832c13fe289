import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Session } from '../../session/session.ts';
import type { TargetModel } from '../model/target-model.ts';
import type { SparedLeavings } from '../move/spared-leavings.ts';
import type { Stage } from '../stage/stage.sql.ts';
import { fixedOtherwise, identityRefused } from './fixed.sql.ts';
import { createCustomLeaving, deleteLeaving, disownLeaving, markLeaving, remaining } from './leave.sql.ts';
import type { OutcomeList } from './outcome-list.ts';
import { missingForPatch, updatePatched } from './patch.sql.ts';
import type { StagedChanges } from './staged-changes.ts';
import {
  clashing,
  insertMissing,
  insertReturningOrdinal,
  returningOrdinal,
  stillAbsent,
  updateDiffering,
} from './upsert.sql.ts';

export interface ChangeStepsRequest {
  readonly session: Session;
  readonly model: TargetModel;
  readonly staged: StagedChanges;
  readonly outcomes: OutcomeList;
  readonly signal: AbortSignal;
  /** Of its leavings some may take nothing else with them. */
  readonly sparing?: SparedLeavings;
}

/** The statements that staged changes need, each on its own, so that they can be run in the order that goes through. */
export class ChangeSteps {
  readonly #session: Session;
  readonly #model: TargetModel;
  readonly #staged: StagedChanges;
  readonly #outcomes: OutcomeList;
  readonly #signal: AbortSignal;
  readonly #sparing: SparedLeavings | undefined;

  constructor({ session, model, staged, outcomes, signal, sparing }: ChangeStepsRequest) {
    this.#session = session;
    this.#model = model;
    this.#staged = staged;
    this.#outcomes = outcomes;
    this.#signal = signal;
    this.#sparing = sparing;
  }

  /** Before anything is written: afterwards a row may look like somebody else's because of us. */
  async findClashes(): Promise<void> {
    if (this.#model.scope.kind === 'all') return;
    const { upserts, leaves, patches } = this.#staged;
    for (const stage of [upserts, leaves, ...patches.map(({ stage }) => stage)]) {
      if (stage !== null) this.#outcomes.set(await this.#ordinals(clashing(this.#model, stage)), 'clash');
    }
  }

  readonly update = async (): Promise<void> => {
    await this.#patch();
    const { upserts } = this.#staged;
    const statement = upserts === null ? null : updateDiffering(this.#model, upserts);
    if (statement !== null) this.#outcomes.set(await this.#ordinals(returningOrdinal(statement)), 'updated');
    if (upserts === null) return;
    await this.#refuseStillAbsent(upserts);
    await this.#refuseFixed(upserts);
  };

  async #refuseFixed(stage: Stage): Promise<void> {
    const statement = fixedOtherwise(this.#model, stage);
    if (statement !== null)
      this.#outcomes.fail(await this.#ordinals(statement), identityRefused(this.#model));
  }

  /** Without this such a row would be found missing and written by every pass, and never said to be wrong. */
  async #refuseStillAbsent(upserts: Stage): Promise<void> {
    const { leaving, collection } = this.#model;
    if (leaving.kind !== 'mark' && leaving.kind !== 'custom') return;
    const detail = 'the row is back and still counts as gone: `clear` does not undo what leaving did';
    const error = new LockstepError('value-refused', { collection, detail });
    this.#outcomes.fail(await this.#ordinals(stillAbsent(this.#model, upserts)), error);
  }

  readonly insert = (): Promise<void> => this.insertWith(new Set());

  /** `asNull`: columns that an update fills afterwards. */
  async insertWith(asNull: ReadonlySet<string>): Promise<void> {
    const { upserts } = this.#staged;
    if (upserts === null) return;
    const insert = insertMissing(this.#model, upserts, asNull);
    this.#outcomes.set(
      await this.#ordinals(insertReturningOrdinal(this.#model, upserts, insert)),
      'inserted',
    );
  }

  readonly leave = async (): Promise<void> => {
    const { leaves } = this.#staged;
    if (leaves === null) return;
    await this.#sparing?.check(this.#session, leaves);
    const { leaving } = this.#model;
    switch (leaving.kind) {
      case 'keep':
        return;
      case 'delete':
        return this.#delete(leaves);
      case 'mark':
        this.#outcomes.set(await this.#ordinals(markLeaving(this.#model, leaves, leaving.set)), 'left');
        return;
      case 'custom':
        return this.#leaveByStatement(leaves, leaving.statement);
    }
  };

  async #delete(leaves: Stage): Promise<void> {
    this.#outcomes.set(await this.#ordinals(deleteLeaving(this.#model, leaves)), 'left');
    if (this.#model.owned !== null) await this.#run(disownLeaving(this.#model, leaves));
  }

  async #leaveByStatement(leaves: Stage, statement: string): Promise<void> {
    const before = await this.#ordinals(remaining(this.#model, leaves));
    await this.#run(createCustomLeaving(this.#model, leaves));
    await this.#run(statement);
    await this.#run('DROP TABLE pg_temp.leaving');
    const after = await this.#ordinals(remaining(this.#model, leaves));
    this.#outcomes.set(before, 'left');
    const { collection } = this.#model;
    const detail = 'the configured statement for leaving rows left it as it was';
    this.#outcomes.fail(after, new LockstepError('value-refused', { collection, detail }));
    if (this.#model.owned !== null) await this.#run(disownLeaving(this.#model, leaves));
  }

  async #patch(): Promise<void> {
    for (const { stage } of this.#staged.patches) {
      const missing = await this.#ordinals(missingForPatch(this.#model, stage));
      this.#outcomes.fail(missing, new LockstepError('row-missing', { collection: this.#model.collection }));
      const statement = updatePatched(this.#model, stage);
      if (statement !== null)
        this.#outcomes.set(await this.#ordinals(returningOrdinal(statement)), 'updated');
      await this.#refuseFixed(stage);
    }
  }

  async #ordinals(statement: string): Promise<readonly number[]> {
    const { rows } = await this.#session.query<{ n: number }>(statement, undefined, this.#options());
    return rows.map(({ n }) => n);
  }

  #run(statement: string): Promise<void> {
    return this.#session.execute(statement, this.#options());
  }

  #options(): { readonly signal: AbortSignal; readonly collection: string } {
    return { signal: this.#signal, collection: this.#model.collection };
  }
}
