import type { Change } from '../../../../protocol/change.ts';
import type { Chunk } from '../../../../protocol/chunk.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type {
  BeginOptions,
  GenerationId,
  GenerationRecord,
  RefusedRow,
  SealOptions,
  StagedGeneration,
} from '../../../../protocol/generation.ts';
import type { Target, WriteOptions } from '../../../../protocol/writer.ts';
import { qualified } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model/target-model.ts';
import { createState } from '../state/create-state.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { appendChunks } from '../write/append.ts';
import { stageChanges } from '../write/staged-changes.ts';
import { addEntry, forgetOldEntries } from './journal.sql.ts';
import {
  entryOf,
  type JournalCollection,
  type JournalEntry,
  type JournalRequest,
  keepEntry,
  makeJournal,
  readEntries,
  toRecord,
  unfit,
} from './journal.ts';
import { countStaged, createKept, keepStaged } from './kept-tables.sql.ts';
import { type KeptTables, keptTables, tableNames, wholeRow } from './kept-tables.ts';
import { isSwapped, isWhole, kindOf, type Member, modelOf } from './member.ts';
import { buildSwap } from './swap/build.ts';
import { contentOf, countOurs, createWhole } from './whole/whole.sql.ts';

export type BeginRequest = WriteOptions & BeginOptions;

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
  await makeJournal(session, request);
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
  { readAtMs, positions, signal }: BeginRequest,
): Promise<GenerationId> {
  const places = positions === null ? null : JSON.stringify(Object.fromEntries(positions));
  const values = [pipeline, Math.round(readAtMs), '[]', places];
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
    kind: kindOf(model),
    oid: model.table.oid,
    fingerprint: model.plan.fingerprint,
    tables: tableNames(pipeline, id, place),
    wholeRow: [...wholeRow(model)],
    invertible: true,
    content: null,
    swap: null,
    lockedMs: null,
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
  /** Targets without a key whose rows are all there, and whether promotion keeps what they had. */
  readonly #filled = new Map<Target, boolean>();

  constructor(destination: Destination, id: GenerationId) {
    this.id = id;
    this.#destination = destination;
  }

  async join(target: Target, options: WriteOptions): Promise<void> {
    const { signal } = options;
    const member = newMember(this.#destination, target, [this.id, this.#members.size]);
    const { model, journal } = member;
    await writeTransaction(this.#destination, options, async (session) => {
      // In the journal with its tables, so that they are found whatever happens next. A repeat finds them there.
      const entry = await this.#entry(session, signal);
      const former = entry.collections.find(({ collection }) => collection === journal.collection);
      if (former?.kind === journal.kind) return;
      // It comes in another way than was begun.
      if (former !== undefined)
        await dropTables(session, { ...entry, collections: [former] }, this.#journal(signal));
      for (const statement of tablesOf(member))
        await session.execute(statement, { signal, collection: model.collection });
      const collections = [...entry.collections.filter((each) => each !== former), journal];
      await keepEntry(session, { ...entry, collections }, this.#journal(signal));
      reach('generation.join.before-commit');
    });
    reach('generation.join.after-commit');
    this.#members.set(target, member);
  }

  /** Tables of our own refuse nothing that the target's constraints would: promotion finds that. */
  async stage(
    target: Target,
    changes: readonly Change[],
    options: WriteOptions,
  ): Promise<readonly RefusedRow[]> {
    if (changes.length === 0) return [];
    const { model, kept } = this.#member(target);
    const base = this.#next.get(target) ?? 0;
    this.#next.set(target, base + changes.length);
    await writeTransaction(this.#destination, options, async (session) => {
      await stageInto(session, { model, kept, changes, base, signal: options.signal });
      reach('generation.stage.before-commit');
    });
    reach('generation.stage.after-commit');
    return [];
  }

  async fill(
    target: Target,
    chunks: AsyncIterable<Chunk>,
    { keepsFormer, ...options }: WriteOptions & { readonly keepsFormer: boolean },
  ): Promise<void> {
    const member = this.#member(target);
    const { signal } = options;
    const { layout } = this.#destination;
    this.#filled.delete(target);
    const swap = await writeTransaction(this.#destination, options, async (session) => {
      const made = isSwapped(member) ? await buildSwap(session, { member, layout, chunks, signal }) : null;
      if (made === null) await fillWhole(session, { member, chunks, signal });
      reach('generation.stage.before-commit');
      return made;
    });
    reach('generation.stage.after-commit');
    this.#members.set(target, { ...member, journal: { ...member.journal, swap } });
    this.#filled.set(target, keepsFormer);
  }

  async clear(target: Target, options: WriteOptions): Promise<void> {
    const { signal } = options;
    const member = this.#member(target);
    // What nothing is known of must not pass for what has no rows.
    this.#filled.delete(target);
    const { rows, keys } = member.kept;
    const emptied = member.journal.kind === 'differences' ? `TRUNCATE ${rows.sql}, ${keys.sql}` : null;
    if (emptied !== null)
      await writeTransaction(this.#destination, options, (session) => session.execute(emptied, { signal }));
  }

  async seal({ held, targets, ...options }: WriteOptions & SealOptions): Promise<GenerationRecord> {
    const { signal } = options;
    const sealed = await writeTransaction(this.#destination, options, async (session) => {
      const entry = await this.#entry(session, signal);
      const members = [...this.#members.values()].filter((member) => this.#isReady(member, targets));
      const collections: JournalCollection[] = [];
      for (const member of members) collections.push(await counted(session, this.#keeping(member), signal));
      const names = new Set(collections.map(({ collection }) => collection));
      const dropped = entry.collections.filter(({ collection }) => !names.has(collection));
      await dropTables(session, { ...entry, collections: dropped }, this.#journal(signal));
      const staged: JournalEntry = { ...entry, state: 'staged', held, collections };
      await keepEntry(session, staged, this.#journal(signal));
      reach('generation.seal.before-commit');
      return staged;
    });
    reach('generation.seal.after-commit');
    return toRecord(sealed, false);
  }

  #isReady(member: Member, targets: readonly Target[]): boolean {
    if (!targets.includes(member.target)) return false;
    return member.journal.kind === 'differences' || this.#filled.has(member.target);
  }

  #keeping(member: Member): Member {
    const invertible = this.#filled.get(member.target) ?? true;
    return { ...member, journal: { ...member.journal, invertible } };
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

const tablesOf = ({ model, kept, journal }: Member): readonly string[] => {
  switch (journal.kind) {
    case 'differences':
      return createKept(model, kept);
    case 'whole':
      return createWhole(model, kept);
    case 'swap':
      // Made in the transaction that fills it.
      return [];
  }
};

async function fillWhole(
  session: Session,
  {
    member: { model, kept },
    chunks,
    signal,
  }: { readonly member: Member; readonly chunks: AsyncIterable<Chunk>; readonly signal: AbortSignal },
): Promise<void> {
  await session.execute(`TRUNCATE ${kept.rows.sql}`, { signal });
  await appendChunks(session, { ...model, sql: kept.rows.sql }, { chunks, signal });
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
async function counted(session: Session, member: Member, signal: AbortSignal): Promise<JournalCollection> {
  const { model, kept, journal } = member;
  const count = async (sql: string): Promise<number> =>
    Number((await session.query<{ count: string }>(sql, undefined, { signal })).rows[0]?.count);
  const rows = await count(countStaged(kept.rows));
  if (journal.kind !== 'differences') {
    const leaving = await count(countOurs(model));
    if (isWhole(member)) return { ...journal, rows, leaving };
    const { rows: found } = await session.query<{ content: string }>(
      contentOf({ ...model, sql: kept.rows.sql }),
      undefined,
      { signal },
    );
    return { ...journal, rows, leaving, content: found[0]?.content ?? null };
  }
  await session.execute(`ANALYZE ${kept.rows.sql}, ${kept.keys.sql}`, { signal });
  const leaving = await count(countStaged(kept.keys));
  const invertible = leaving === 0 || model.leaving.kind !== 'custom';
  return { ...journal, rows, leaving, invertible };
}
