import type { Change } from '../../../../protocol/change.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { GenerationId, GenerationRecord, StagedGeneration } from '../../../../protocol/generation.ts';
import type { Target, WriteOptions } from '../../../../protocol/writer.ts';
import { qualified } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model/target-model.ts';
import { createState } from '../state/create-state.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { stageChanges } from '../write/staged-changes.ts';
import { addEntry, createJournal, forgetOldEntries } from './journal.sql.ts';
import {
  entryOf,
  hasJournal,
  type JournalCollection,
  type JournalEntry,
  type JournalRequest,
  keepEntry,
  readEntries,
  toRecord,
  unfit,
} from './journal.ts';
import { countStaged, createKept, keepStaged } from './kept-tables.sql.ts';
import { type KeptTables, keptTables, tableNames, wholeRow } from './kept-tables.ts';
import { type Member, modelOf } from './member.ts';

export type BeginRequest = WriteOptions & { readonly readAtMs: number };

/** Begins one; drops what was staged before. */
export async function beginGeneration(
  destination: Destination,
  request: BeginRequest,
): Promise<StagedGeneration> {
  const id = await writeTransaction(destination, request, async (session) => {
    await openJournal(session, destination, request);
    const entered = await enter(session, destination, request);
    reach('generation.begin.before-commit');
    return entered;
  });
  reach('generation.begin.after-commit');
  return new Staging(destination, id);
}

async function openJournal(
  session: Session,
  { layout, pipeline }: Destination,
  { signal }: BeginRequest,
): Promise<void> {
  const request = { layout, pipeline, signal };
  await createState(session, layout, { signal });
  if (!(await hasJournal(session, request))) await session.execute(createJournal(layout), { signal });
  for (const entry of await readEntries(session, request))
    if (entry.state === 'staging' || entry.state === 'staged')
      await dropKept(session, entry, { layout, pipeline, signal });
  await session.query(forgetOldEntries(layout), [pipeline], { signal });
}

/** Nothing is kept of it but its record. */
export async function dropKept(
  session: Session,
  entry: JournalEntry,
  request: JournalRequest,
): Promise<void> {
  await dropTables(session, entry, request);
  await keepEntry(session, { ...entry, state: 'discarded' }, request);
}

/** Inside a transaction. */
export async function dropTables(
  session: Session,
  entry: JournalEntry,
  { layout, signal }: JournalRequest,
): Promise<void> {
  const names = entry.collections.flatMap(({ tables }) => Object.values(tables));
  const tables = names.map((table) => qualified({ schema: layout.schemaName, table }));
  if (tables.length > 0) await session.execute(`DROP TABLE IF EXISTS ${tables.join(', ')}`, { signal });
}

async function enter(
  session: Session,
  { layout, pipeline }: Destination,
  { readAtMs, signal }: BeginRequest,
): Promise<GenerationId> {
  const values = [pipeline, Math.round(readAtMs), '[]'];
  const { rows } = await session.query<{ id: string }>(addEntry(layout), values, { signal });
  return Number(rows[0]?.id);
}

function newMember(
  { layout, pipeline }: Destination,
  target: Target,
  [id, place]: readonly [id: GenerationId, place: number],
): Member {
  const model = modelOf(target);
  const journal: JournalCollection = {
    collection: model.plan.name,
    oid: model.table.oid,
    fingerprint: model.plan.fingerprint,
    tables: tableNames(pipeline, id, place),
    wholeRow: [...wholeRow(model)],
    invertible: true,
    rows: 0,
    leaving: 0,
    inserted: null,
    updated: null,
    left: null,
  };
  return { target, model, journal, kept: keptTables(layout, model, journal) };
}

class Staging implements StagedGeneration {
  readonly id: GenerationId;
  readonly #destination: Destination;
  readonly #members = new Map<Target, Member>();
  /** The next ordinal of each. */
  readonly #next = new Map<Target, number>();

  constructor(destination: Destination, id: GenerationId) {
    this.id = id;
    this.#destination = destination;
  }

  async join(target: Target, options: WriteOptions): Promise<void> {
    const { signal } = options;
    const member = newMember(this.#destination, target, [this.id, this.#members.size]);
    const { model, kept, journal } = member;
    await writeTransaction(this.#destination, options, async (session) => {
      // In the journal with its tables, so that they are found whatever happens next. A repeat finds them there.
      const entry = await this.#entry(session, signal);
      if (entry.collections.some(({ collection }) => collection === journal.collection)) return;
      for (const statement of createKept(model, kept))
        await session.execute(statement, { signal, collection: model.collection });
      const collections = [...entry.collections, journal];
      await keepEntry(session, { ...entry, collections }, this.#journal(signal));
      reach('generation.join.before-commit');
    });
    reach('generation.join.after-commit');
    this.#members.set(target, member);
  }

  async stage(target: Target, changes: readonly Change[], options: WriteOptions): Promise<void> {
    if (changes.length === 0) return;
    const { model, kept } = this.#member(target);
    const base = this.#next.get(target) ?? 0;
    this.#next.set(target, base + changes.length);
    await writeTransaction(this.#destination, options, async (session) => {
      await stageInto(session, { model, kept, changes, base, signal: options.signal });
      reach('generation.stage.before-commit');
    });
    reach('generation.stage.after-commit');
  }

  async clear(target: Target, options: WriteOptions): Promise<void> {
    const { kept } = this.#member(target);
    await writeTransaction(this.#destination, options, (session) =>
      session.execute(`TRUNCATE ${kept.rows.sql}, ${kept.keys.sql}`, { signal: options.signal }),
    );
  }

  async seal({
    held,
    ...options
  }: WriteOptions & { readonly held: string | null }): Promise<GenerationRecord> {
    const { signal } = options;
    const sealed = await writeTransaction(this.#destination, options, async (session) => {
      const entry = await this.#entry(session, signal);
      const collections: JournalCollection[] = [];
      for (const { model, kept, journal } of this.#members.values())
        collections.push(await counted(session, { model, kept, journal, signal }));
      const staged: JournalEntry = { ...entry, state: 'staged', held, collections };
      await keepEntry(session, staged, this.#journal(signal));
      reach('generation.seal.before-commit');
      return staged;
    });
    reach('generation.seal.after-commit');
    return toRecord(sealed, false);
  }

  #journal(signal: AbortSignal) {
    const { layout, pipeline } = this.#destination;
    return { layout, pipeline, signal };
  }

  /** Whose sealing was in doubt finds it staged. */
  async #entry(session: Session, signal: AbortSignal): Promise<JournalEntry> {
    const entry = await entryOf(session, this.id, this.#journal(signal));
    if (entry.state !== 'staging' && entry.state !== 'staged') throw unfit(this.id, `it is ${entry.state}`);
    return entry;
  }

  #member(target: Target): Member {
    const member = this.#members.get(target);
    if (member !== undefined) return member;
    throw new LockstepError('internal', { detail: `${target.plan.name} is not part of this generation` });
  }
}

interface StageInto {
  readonly model: TargetModel;
  readonly kept: KeptTables;
  readonly changes: readonly Change[];
  readonly base: number;
  readonly signal: AbortSignal;
}

async function stageInto(session: Session, { model, kept, changes, base, signal }: StageInto): Promise<void> {
  const staged = await stageChanges(session, { model, changes, signal });
  const options = { signal, collection: model.collection };
  if (staged.upserts !== null) await session.execute(keepStaged(staged.upserts, kept.rows, base), options);
  if (staged.leaves !== null) await session.execute(keepStaged(staged.leaves, kept.keys, base), options);
}

/** With statistics for the planner: promotion joins these tables with the target. */
async function counted(
  session: Session,
  {
    model,
    kept,
    journal,
    signal,
  }: Pick<Member, 'model' | 'kept' | 'journal'> & { readonly signal: AbortSignal },
): Promise<JournalCollection> {
  const count = async (sql: string): Promise<number> =>
    Number((await session.query<{ count: string }>(sql, undefined, { signal })).rows[0]?.count);
  await session.execute(`ANALYZE ${kept.rows.sql}, ${kept.keys.sql}`, { signal });
  const leaving = await count(countStaged(kept.keys));
  const invertible = leaving === 0 || model.leaving.kind !== 'custom';
  return { ...journal, rows: await count(countStaged(kept.rows)), leaving, invertible };
}
