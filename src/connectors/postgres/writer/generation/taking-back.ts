import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { GenerationId } from '../../../../protocol/generation.ts';
import type { Session } from '../../session/session.ts';
import { readUniqueIndexes, type UniqueIndex } from '../model/unique-index.ts';
import { release } from '../together/release.ts';
import { vacateAll } from '../together/vacate-all.ts';
import { disownLeaving } from '../write/leave.sql.ts';
import type { OrderedPart } from '../write/orders.ts';
import { updateDiffering } from '../write/upsert.sql.ts';
import type { JournalCollection } from './journal.ts';
import { insertedOf } from './kept-tables.ts';
import type { Member } from './member.ts';
import type { PromotionOptions } from './promotion.ts';
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
  readonly #session: Session;
  readonly #member: Member;
  readonly #options: PromotionOptions;
  readonly #indexes: readonly UniqueIndex[];
  #counts = { inserted: 0, updated: 0, left: 0 };

  private constructor(
    session: Session,
    member: Member,
    parts: { readonly options: PromotionOptions; readonly indexes: readonly UniqueIndex[] },
  ) {
    this.#session = session;
    this.#member = member;
    this.#options = parts.options;
    this.#indexes = parts.indexes;
  }

  static async open(session: Session, member: Member, options: PromotionOptions): Promise<TakingBack> {
    const { table, columns, key } = member.model;
    const names = key.map(({ name }) => name);
    const indexes = await readUniqueIndexes(session, { table, columns, key: names, signal: options.signal });
    return new TakingBack(session, member, { options, indexes });
  }

  /** What somebody else has changed since promotion; `keep`: it stays as it is. */
  async settleChanged(id: GenerationId, changed: 'refuse' | 'keep'): Promise<void> {
    const { model, kept } = this.#member;
    const [rows, keys] = [changedSince(model, kept), backSince(model, kept)];
    if (changed === 'keep') {
      // Both by the rows as they are now, so the tables that they are found by come last.
      await this.#run(dropOrdinals(kept.before.sql, rows));
      await this.#run(dropOrdinals(kept.rows.sql, rows));
      await this.#run(dropOrdinals(kept.gone.sql, keys));
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

  forget(): void {
    this.#counts = { inserted: 0, updated: 0, left: 0 };
  }

  get ordered(): OrderedPart {
    const { model, kept } = this.#member;
    const { tables, signal } = this.#options;
    const staged = { upserts: kept.before, patches: [], leaves: insertedOf(kept) };
    const insert = (): Promise<void> => this.#putBack();
    return {
      update: () => this.#restore(),
      insert,
      bareInsert: insert,
      leave: () => this.#takeOut(),
      giveUp: () => vacateAll(this.#session, { model, staged, indexes: this.#indexes, signal }),
      letGo: () => release(this.#session, { model, upserts: kept.before, tables, signal }),
    };
  }

  journal(): JournalCollection {
    return { ...this.#member.journal, ...this.#counts };
  }

  async #restore(): Promise<void> {
    const { model, kept } = this.#member;
    const statement = updateDiffering(model, kept.before);
    if (statement !== null) this.#counts.updated += await this.#run(statement);
    const again = markAgain(model, kept);
    if (again !== null) await this.#run(again);
  }

  async #putBack(): Promise<void> {
    const { model, kept } = this.#member;
    const { leaving } = model;
    switch (leaving.kind) {
      case 'keep':
      case 'custom':
        return;
      case 'mark':
        this.#counts.inserted += await this.#run(unmark(model, kept, leaving.set));
        return;
      case 'delete':
        this.#counts.inserted += await this.#run(putBack(model, kept));
        if (model.owned !== null) await this.#run(ownAgain(model, kept));
    }
  }

  async #takeOut(): Promise<void> {
    const { model, kept } = this.#member;
    this.#counts.left += await this.#run(takeOut(model, kept));
    if (model.owned !== null) await this.#run(disownLeaving(model, insertedOf(kept)));
  }

  async #countOf(ordinals: string): Promise<number> {
    const sql = `SELECT count(*)::int4 AS count FROM (${ordinals}) AS changed`;
    const { rows } = await this.#session.query<{ count: number }>(sql, undefined, this.#named());
    return rows[0]?.count ?? 0;
  }

  async #run(statement: string): Promise<number> {
    return (await this.#session.query(statement, undefined, this.#named())).rowCount;
  }

  #named(): { readonly signal: AbortSignal; readonly collection: string } {
    return { signal: this.#options.signal, collection: this.#member.model.collection };
  }
}
