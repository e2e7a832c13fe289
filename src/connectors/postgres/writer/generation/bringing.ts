import type { TableName } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import { readUniqueIndexes, type UniqueIndex } from '../model/unique-index.ts';
import type { JournalCollection } from './journal.ts';
import type { Member } from './member.ts';

export interface BringingOptions {
  /** Of all targets of the generation. */
  readonly tables: readonly TableName[];
  readonly signal: AbortSignal;
}

/** What bringing a target's share in and taking it back have in common: statements of one session, and how many rows they wrote. */
export class Bringing {
  readonly session: Session;
  readonly member: Member;
  readonly options: BringingOptions;
  readonly indexes: readonly UniqueIndex[];
  /** Of a target without a key: what promotion left there. */
  content: string | null = null;
  #counts = { inserted: 0, updated: 0, left: 0 };

  private constructor(
    session: Session,
    member: Member,
    parts: { readonly options: BringingOptions; readonly indexes: readonly UniqueIndex[] },
  ) {
    this.session = session;
    this.member = member;
    this.options = parts.options;
    this.indexes = parts.indexes;
  }

  static async open(session: Session, member: Member, options: BringingOptions): Promise<Bringing> {
    const { table, columns, key } = member.model;
    const names = key.map(({ name }) => name);
    const indexes = await readUniqueIndexes(session, { table, columns, key: names, signal: options.signal });
    return new Bringing(session, member, { options, indexes });
  }

  /** Another order is tried. */
  forget(): void {
    this.#counts = { inserted: 0, updated: 0, left: 0 };
  }

  add(kind: 'inserted' | 'updated' | 'left', rows: number): void {
    this.#counts[kind] += rows;
  }

  journal(): JournalCollection {
    return { ...this.member.journal, ...this.#counts, content: this.content };
  }

  /** Of a statement that says so in the column `count`. */
  async count(statement: string): Promise<number> {
    const { rows } = await this.session.query<{ count: number }>(statement, undefined, this.#named());
    return Number(rows[0]?.count ?? 0);
  }

  /** Of a statement that says so in the column `content`. */
  async text(statement: string): Promise<string | null> {
    const { rows } = await this.session.query<{ content: string }>(statement, undefined, this.#named());
    return rows[0]?.content ?? null;
  }

  /** Returns how many rows it wrote. */
  async run(statement: string): Promise<number> {
    return (await this.session.query(statement, undefined, this.#named())).rowCount;
  }

  #named(): { readonly signal: AbortSignal; readonly collection: string } {
    return { signal: this.options.signal, collection: this.member.model.collection };
  }
}
