import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';
import { release } from '../together/release.ts';
import { nullableReferences, vacateAll } from '../together/vacate-all.ts';
import { createCustomLeaving, deleteLeaving, disownLeaving, markLeaving } from '../write/leave.sql.ts';
import { refuseFixed } from '../write/merge.ts';
import type { OrderedPart } from '../write/orders.ts';
import {
  insertCounting,
  insertMissing,
  returningOrdinal,
  stillAbsent,
  updateDiffering,
} from '../write/upsert.sql.ts';
import type { Bringing } from './bringing.ts';
import { dropClashes, keepBefore, keepGone } from './kept-tables.sql.ts';
import type { KeptTables } from './kept-tables.ts';

/** Without those that were only just inserted, and whose references are filled now. */
const countThoseBefore = (update: string, { before }: KeptTables): string => `
WITH written AS (${returningOrdinal(update)})
SELECT count(*)::int4 AS count FROM written AS w
WHERE EXISTS (SELECT FROM ${before.sql} AS b WHERE b.${ordinal} = w.n)`;

/** One target's share of bringing a generation in: nothing of it passes through us, only how many rows it was. */
export class Promotion {
  readonly #work: Bringing;

  constructor(work: Bringing) {
    this.#work = work;
  }

  /** Before anything is written. Rows of others are left out for good: rolling back must not take them for ours. */
  async keepInverse(): Promise<void> {
    const { model, kept } = this.#work.member;
    if (model.scope.kind !== 'all') {
      await this.#work.run(dropClashes(model, kept.rows));
      await this.#work.run(dropClashes(model, kept.keys));
    }
    await this.#work.run(keepBefore(model, kept));
    await this.#work.run(keepGone(model, kept));
  }

  get ordered(): OrderedPart {
    const { model, kept } = this.#work.member;
    const { tables, signal } = this.#work.options;
    const staged = { upserts: kept.rows, patches: [], leaves: kept.keys };
    return {
      update: () => this.#update(kept.rows),
      insert: () => this.#insert(new Set()),
      bareInsert: () => this.#insert(nullableReferences(model, tables)),
      leave: () => this.#leave(kept.keys),
      giveUp: () => vacateAll(this.#work.session, { model, staged, indexes: this.#work.indexes, signal }),
      letGo: () => release(this.#work.session, { model, upserts: kept.rows, tables, signal }),
    };
  }

  async #update(rows: Stage): Promise<void> {
    const { model, kept } = this.#work.member;
    const statement = updateDiffering(model, rows);
    if (statement !== null)
      this.#work.add('updated', await this.#work.count(countThoseBefore(statement, kept)));
    await refuseFixed(this.#work.session, { model, stage: rows, signal: this.#work.options.signal });
    if (model.leaving.kind !== 'mark' && model.leaving.kind !== 'custom') return;
    const back = await this.#work.run(`SELECT FROM (${stillAbsent(model, rows)}\nLIMIT 1) AS still_absent`);
    if (back > 0) throw stillGone(model.collection);
  }

  async #insert(asNull: ReadonlySet<string>): Promise<void> {
    const { model, kept } = this.#work.member;
    const insert = insertMissing(model, kept.rows, asNull);
    const inserted =
      model.owned === null
        ? await this.#work.run(insert)
        : await this.#work.count(insertCounting(model, insert));
    this.#work.add('inserted', inserted);
  }

  async #leave(keys: Stage): Promise<void> {
    const { model } = this.#work.member;
    switch (model.leaving.kind) {
      case 'keep':
        return;
      case 'mark':
        this.#work.add('left', await this.#written(markLeaving(model, keys, model.leaving.set)));
        return;
      case 'delete':
        this.#work.add('left', await this.#written(deleteLeaving(model, keys)));
        if (model.owned !== null) await this.#work.run(disownLeaving(model, keys));
        return;
      case 'custom':
        this.#work.add('left', await this.#work.run(createCustomLeaving(model, keys)));
        await this.#work.run(model.leaving.statement);
        await this.#work.run('DROP TABLE pg_temp.leaving');
        if (model.owned !== null) await this.#work.run(disownLeaving(model, keys));
    }
  }

  /** Of a statement that returns its rows. */
  #written(statement: string): Promise<number> {
    return this.#work.count(`WITH written AS (${statement}) SELECT count(*)::int4 AS count FROM written`);
  }
}

export const stillGone = (collection: string): LockstepError => {
  const detail = 'the row is back and still counts as gone: `clear` does not undo what leaving did';
  return new LockstepError('value-refused', { collection, detail });
};
