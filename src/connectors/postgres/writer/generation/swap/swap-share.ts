import { LockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import type { GenerationId } from '../../../../../protocol/generation.ts';
import type { StateLayout } from '../../state/state-layout.ts';
import { lockAgainstWriters } from '../../write/replace.sql.ts';
import type { Bringing } from '../bringing.ts';
import type { JournalCollection } from '../journal.ts';
import { contentOf } from '../whole/whole.sql.ts';
import { Appearance, type OwnedSequence, obstaclesOf, ownedSequencesOf } from './appearance.ts';
import { swapRefused } from './build.ts';
import type { SwapRecord } from './record.ts';
import { type SwapPlaces, swapTables } from './swap.sql.ts';

/** Readers that come meanwhile wait behind us: then it is tried again later. */
const patienceMs = 1_000;

/** The share of a target that another table takes the place of. Last of all: its readers wait from here to the commit. */
export class SwapShare {
  readonly #work: Bringing;
  readonly #layout: StateLayout;
  readonly #record: SwapRecord;

  constructor(work: Bringing, layout: StateLayout) {
    const { swap } = work.member.journal;
    if (swap === null)
      throw new LockstepError('internal', {
        detail: `${work.member.model.collection} has no table to swap in`,
      });
    this.#work = work;
    this.#layout = layout;
    this.#record = swap;
  }

  /** As it has become. */
  async promote(): Promise<JournalCollection> {
    const { journal, model } = this.#work.member;
    const lockedAt = await this.#lock();
    const since = await this.#alterations();
    const refused = await obstaclesOf(this.#work.session, journal.oid, this.#work.options.signal);
    const reasons = [...since.map((what) => `${what} was changed since it was staged`), ...refused];
    if (reasons.length > 0) throw swapRefused(model.collection, reasons);
    const { tables } = journal;
    await this.#swap({
      out: { as: tables.gone, called: ({ former }) => former },
      in: { from: tables.rows, called: ({ staged }) => staged },
    });
    return {
      ...journal,
      oid: this.#record.oid,
      swap: { ...this.#record, oid: journal.oid },
      inserted: journal.rows,
      updated: 0,
      left: journal.leaving,
      lockedMs: Math.ceil(performance.now() - lockedAt),
    };
  }

  /** Before anything is written: what somebody else has changed since, of its rows or about it. False: it stays as it is. */
  async maySwapBack(id: GenerationId, changed: 'refuse' | 'keep'): Promise<boolean> {
    const { model, journal } = this.#work.member;
    await this.#work.run(lockAgainstWriters(model));
    if ((await this.#work.text(contentOf(model))) === journal.content)
      return await this.#isUnaltered(id, changed);
    if (changed === 'keep') return false;
    const { collection } = model;
    throw new LockstepError('generation-overtaken', { generation: id, collection, rows: 'some' });
  }

  /** Its rows are as they were since we looked; rights, comments and indexes may still have come since. */
  async swapBack(id: GenerationId, changed: 'refuse' | 'keep'): Promise<void> {
    const { journal, model } = this.#work.member;
    await this.#lock();
    if (!(await this.#isUnaltered(id, changed))) return;
    const refused = await obstaclesOf(this.#work.session, journal.oid, this.#work.options.signal);
    if (refused.length > 0) throw swapRefused(model.collection, refused);
    await this.#swap({
      out: { as: journal.tables.rows, called: ({ staged }) => staged },
      in: { from: journal.tables.gone, called: ({ former }) => former },
    });
    this.#work.add('inserted', journal.leaving);
    this.#work.add('left', journal.rows);
  }

  /** The table that is there goes with all that is about it, and the former one knows nothing of what came since. */
  async #isUnaltered(id: GenerationId, changed: 'refuse' | 'keep'): Promise<boolean> {
    const since = await this.#alterations();
    if (since.length === 0) return true;
    if (changed === 'keep') return false;
    const { collection } = this.#work.member.model;
    throw new LockstepError('generation-altered', { generation: id, collection, detail: since.join('; ') });
  }

  /** What is about the table that is there now and was not when it was staged, or the other way round: names are the same by now. */
  async #alterations(): Promise<readonly string[]> {
    const { session, member, options } = this.#work;
    const { oid } = member.journal;
    const looks = new Appearance(this.#record.looks);
    const known = this.#record.sequences.map(sequenceName);
    const now = (await ownedSequencesOf(session, oid, options.signal)).map(sequenceName);
    return [
      ...looks.differences(await Appearance.of(session, oid, options.signal)),
      ...known.filter((name) => !now.includes(name)).map((name) => `${name} (missing)`),
      ...now.filter((name) => !known.includes(name)).map((name) => `${name} (added)`),
    ];
  }

  async #lock(): Promise<number> {
    const { model } = this.#work.member;
    await this.#work.run(`SET LOCAL lock_timeout = ${patienceMs}`);
    const askedAt = performance.now();
    await this.#work.run(`LOCK TABLE ${model.sql} IN ACCESS EXCLUSIVE MODE`);
    return askedAt;
  }

  /** In one round trip. */
  async #swap(way: Pick<SwapPlaces, 'in' | 'out'>): Promise<void> {
    const { model } = this.#work.member;
    const places = { target: model.table, schema: this.#layout.schemaName, ...way };
    const { signal } = this.#work.options;
    const statements = swapTables(this.#record, places).join(';\n');
    await this.#work.session.execute(statements, { signal, collection: model.collection });
  }
}

const sequenceName = ({ schema, sequence, column }: OwnedSequence): string =>
  `sequence ${schema}.${sequence} of column ${column}`;
