import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { TableName } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import { readUniqueIndexes, type UniqueIndex } from '../model/unique-index.ts';
import { ordinal, type Stage } from '../stage/stage.sql.ts';
import { release } from '../together/release.ts';
import { nullableReferences, vacateAll } from '../together/vacate-all.ts';
import { createCustomLeaving, deleteLeaving, disownLeaving, markLeaving } from '../write/leave.sql.ts';
import type { OrderedPart } from '../write/orders.ts';
import {
  insertCounting,
  insertMissing,
  returningOrdinal,
  stillAbsent,
  updateDiffering,
} from '../write/upsert.sql.ts';
import type { JournalCollection } from './journal.ts';
import { dropClashes, keepBefore, keepGone } from './kept-tables.sql.ts';
import type { KeptTables } from './kept-tables.ts';
import type { Member } from './member.ts';

export interface PromotionOptions {
  /** Of all targets of the generation. */
  readonly tables: readonly TableName[];
  readonly signal: AbortSignal;
}

/** Without those that were only just inserted, and whose references are filled now. */
const countThoseBefore = (update: string, { before }: KeptTables): string => `
WITH written AS (${returningOrdinal(update)})
SELECT count(*)::int4 AS count FROM written AS w
WHERE EXISTS (SELECT FROM ${before.sql} AS b WHERE b.${ordinal} = w.n)`;

/** One target's share of bringing a generation in: nothing of it passes through us, only how many rows it was. */
export class Promotion {
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

  static async open(session: Session, member: Member, options: PromotionOptions): Promise<Promotion> {
    const { table, columns, key } = member.model;
    const names = key.map(({ name }) => name);
    const indexes = await readUniqueIndexes(session, { table, columns, key: names, signal: options.signal });
    return new Promotion(session, member, { options, indexes });
  }

  /** Before anything is written. Rows of others are left out for good: rolling back must not take them for ours. */
  async keepInverse(): Promise<void> {
    const { model, kept } = this.#member;
    if (model.scope.kind !== 'all') {
      await this.#run(dropClashes(model, kept.rows));
      await this.#run(dropClashes(model, kept.keys));
    }
    await this.#run(keepBefore(model, kept));
    await this.#run(keepGone(model, kept));
  }

  /** Another order is tried. */
  forget(): void {
    this.#counts = { inserted: 0, updated: 0, left: 0 };
  }

  get ordered(): OrderedPart {
    const { model, kept } = this.#member;
    const { tables, signal } = this.#options;
    const staged = { upserts: kept.rows, patches: [], leaves: kept.keys };
    return {
      update: () => this.#update(kept.rows),
      insert: () => this.#insert(new Set()),
      bareInsert: () => this.#insert(nullableReferences(model, tables)),
      leave: () => this.#leave(kept.keys),
      giveUp: () => vacateAll(this.#session, { model, staged, indexes: this.#indexes, signal }),
      letGo: () => release(this.#session, { model, upserts: kept.rows, tables, signal }),
    };
  }

  journal(): JournalCollection {
    return { ...this.#member.journal, ...this.#counts };
  }

  async #update(rows: Stage): Promise<void> {
    const { model, kept } = this.#member;
    const statement = updateDiffering(model, rows);
    if (statement !== null) this.#counts.updated += await this.#count(countThoseBefore(statement, kept));
    if (model.leaving.kind !== 'mark' && model.leaving.kind !== 'custom') return;
    const back = await this.#run(`SELECT FROM (${stillAbsent(model, rows)}\nLIMIT 1) AS still_absent`);
    if (back > 0) throw stillGone(model.collection);
  }

  async #insert(asNull: ReadonlySet<string>): Promise<void> {
    const { model, kept } = this.#member;
    const insert = insertMissing(model, kept.rows, asNull);
    const inserted =
      model.owned === null ? await this.#run(insert) : await this.#count(insertCounting(model, insert));
    this.#counts.inserted += inserted;
  }

  async #leave(keys: Stage): Promise<void> {
    const { model } = this.#member;
    switch (model.leaving.kind) {
      case 'keep':
        return;
      case 'mark':
        this.#counts.left += await this.#written(markLeaving(model, keys, model.leaving.set));
        return;
      case 'delete':
        this.#counts.left += await this.#written(deleteLeaving(model, keys));
        if (model.owned !== null) await this.#run(disownLeaving(model, keys));
        return;
      case 'custom':
        this.#counts.left += await this.#run(createCustomLeaving(model, keys));
        await this.#run(model.leaving.statement);
        await this.#run('DROP TABLE pg_temp.leaving');
        if (model.owned !== null) await this.#run(disownLeaving(model, keys));
    }
  }

  /** Of a statement that returns its rows. */
  #written(statement: string): Promise<number> {
    return this.#count(`WITH written AS (${statement}) SELECT count(*)::int4 AS count FROM written`);
  }

  async #count(statement: string): Promise<number> {
    const { rows } = await this.#session.query<{ count: number }>(statement, undefined, this.#named());
    return Number(rows[0]?.count ?? 0);
  }

  async #run(statement: string): Promise<number> {
    return (await this.#session.query(statement, undefined, this.#named())).rowCount;
  }

  #named(): { readonly signal: AbortSignal; readonly collection: string } {
    return { signal: this.#options.signal, collection: this.#member.model.collection };
  }
}

export const stillGone = (collection: string): LockstepError => {
  const detail = 'the row is back and still counts as gone: `clear` does not undo what leaving did';
  return new LockstepError('value-refused', { collection, detail });
};
