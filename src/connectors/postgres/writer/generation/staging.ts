import type { Change } from '../../../../protocol/change.ts';
import type { Chunk } from '../../../../protocol/chunk.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type {
  GenerationId,
  GenerationRecord,
  RefusedRow,
  SealOptions,
  StagedGeneration,
} from '../../../../protocol/generation.ts';
import type { Target, WriteOptions } from '../../../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model/target-model.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { appendChunks } from '../write/append.ts';
import { stageChanges } from '../write/staged-changes.ts';
import { dropTables } from './drop-kept.ts';
import { entryOf, type JournalCollection, type JournalEntry, keepEntry, toRecord, unfit } from './journal.ts';
import { countStaged, createKept, keepStaged } from './kept-tables.sql.ts';
import { type KeptTables, keptTables, tableNames, wholeRow } from './kept-tables.ts';
import { isSwapped, isWhole, kindOf, type Member, modelOf } from './member.ts';
import { buildSwap } from './swap/build.ts';
import { contentOf, countOurs, createWhole } from './whole/whole.sql.ts';

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

export class Staging implements StagedGeneration {
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
    await writeTransaction(this.#destination, { ...options, point: 'generation.stage' }, (session) =>
      stageInto(session, { model, kept, changes, base, signal: options.signal }),
    );
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
    const filling = { ...options, point: 'generation.stage' } as const;
    const swap = await writeTransaction(this.#destination, filling, async (session) => {
      const made = isSwapped(member) ? await buildSwap(session, { member, layout, chunks, signal }) : null;
      if (made === null) await fillWhole(session, { member, chunks, signal });
      return made;
    });
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
      await writeTransaction(this.#destination, { ...options, point: 'generation.stage' }, (session) =>
        session.execute(emptied, { signal }),
      );
  }

  async seal({ held, targets, ...options }: WriteOptions & SealOptions): Promise<GenerationRecord> {
    const { signal } = options;
    const sealing = { ...options, point: 'generation.seal' } as const;
    const sealed = await writeTransaction(this.#destination, sealing, async (session) => {
      const entry = await this.#entry(session, signal);
      const members = [...this.#members.values()].filter((member) => this.#isReady(member, targets));
      const collections: JournalCollection[] = [];
      for (const member of members) collections.push(await counted(session, this.#keeping(member), signal));
      const names = new Set(collections.map(({ collection }) => collection));
      const dropped = entry.collections.filter(({ collection }) => !names.has(collection));
      await dropTables(session, { ...entry, collections: dropped }, this.#journal(signal));
      const staged: JournalEntry = { ...entry, state: 'staged', held, collections };
      await keepEntry(session, staged, this.#journal(signal));
      return staged;
    });
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
