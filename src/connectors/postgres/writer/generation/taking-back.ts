import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { GenerationId } from '../../../../protocol/generation.ts';
import { release } from '../together/release.ts';
import { vacateAll } from '../together/vacate-all.ts';
import { disownLeaving } from '../write/leave.sql.ts';
import type { OrderedPart } from '../write/orders.ts';
import { updateDiffering } from '../write/upsert.sql.ts';
import type { Bringing } from './bringing.ts';
import { insertedOf } from './kept-tables.ts';
import {
  backSince,
  changedSince,
  dropOrdinals,
  markAgain,
  ownAgain,
  putBack,
  takeOut,
  unmark,
} from './rollback.sql.ts';

/** One target's share of taking a generation back. */
export class TakingBack {
  readonly #work: Bringing;

  constructor(work: Bringing) {
    this.#work = work;
  }

  /** What somebody else has changed since promotion; `keep`: it stays as it is. */
  async settleChanged(id: GenerationId, changed: 'refuse' | 'keep'): Promise<void> {
    const { model, kept } = this.#work.member;
    const [rows, keys] = [changedSince(model, kept), backSince(model, kept)];
    if (changed === 'keep') {
      // Both by the rows as they are now, so the tables that they are found by come last.
      await this.#work.run(dropOrdinals(kept.before.sql, rows));
      await this.#work.run(dropOrdinals(kept.rows.sql, rows));
      await this.#work.run(dropOrdinals(kept.gone.sql, keys));
      return;
    }
    const count = (await this.#countOf(rows)) + (await this.#countOf(keys));
    if (count === 0) return;
    throw new LockstepError('generation-overtaken', {
      generation: id,
      collection: model.collection,
      rows: count,
    });
  }

  get ordered(): OrderedPart {
    const { model, kept } = this.#work.member;
    const { tables, signal } = this.#work.options;
    const staged = { upserts: kept.before, patches: [], leaves: insertedOf(kept) };
    const insert = (): Promise<void> => this.#putBack();
    return {
      update: () => this.#restore(),
      insert,
      bareInsert: insert,
      leave: () => this.#takeOut(),
      giveUp: () => vacateAll(this.#work.session, { model, staged, indexes: this.#work.indexes, signal }),
      letGo: () => release(this.#work.session, { model, upserts: kept.before, tables, signal }),
    };
  }

  async #restore(): Promise<void> {
    const { model, kept } = this.#work.member;
    const statement = updateDiffering(model, kept.before);
    if (statement !== null) this.#work.add('updated', await this.#work.run(statement));
    const again = markAgain(model, kept);
    if (again !== null) await this.#work.run(again);
  }

  async #putBack(): Promise<void> {
    const { model, kept } = this.#work.member;
    const { leaving } = model;
    switch (leaving.kind) {
      case 'keep':
      case 'custom':
        return;
      case 'mark':
        this.#work.add('inserted', await this.#work.run(unmark(model, kept, leaving.set)));
        return;
      case 'delete':
        this.#work.add('inserted', await this.#work.run(putBack(model, kept)));
        if (model.owned !== null) await this.#work.run(ownAgain(model, kept));
    }
  }

  async #takeOut(): Promise<void> {
    const { model, kept } = this.#work.member;
    this.#work.add('left', await this.#work.run(takeOut(model, kept)));
    if (model.owned !== null) await this.#work.run(disownLeaving(model, insertedOf(kept)));
  }

  #countOf(ordinals: string): Promise<number> {
    return this.#work.count(`SELECT count(*)::int4 AS count FROM (${ordinals}) AS changed`);
  }
}
