import { z } from 'zod';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { GenerationId, GenerationRecord, GenerationState } from '../../../../protocol/generation.ts';
import type { PipelineName } from '../../../../protocol/names.ts';
import type { Session } from '../../session/session.ts';
import type { StateLayout } from '../state/state-layout.ts';
import {
  changeEntry,
  createJournal,
  findJournal,
  lockEntry,
  readJournal,
  upgradeJournal,
} from './journal.sql.ts';
import { swapSchema } from './swap/record.ts';

/** What the journal keeps of one collection. Tables are in our own schema; what was dropped has none. */
const collectionSchema = z.strictObject({
  collection: z.string(),
  /** How it comes in: row by row, all rows instead of all rows, or one table instead of another. */
  kind: z.enum(['differences', 'whole', 'swap']).default('differences'),
  /** Of the target, which decides: a table that was made anew under its name is another one. */
  oid: z.int(),
  fingerprint: z.string(),
  tables: z.strictObject({ rows: z.string(), keys: z.string(), before: z.string(), gone: z.string() }),
  /** Columns of the target, in the order in which `gone` keeps them. */
  wholeRow: z.array(z.string()),
  /** Rows that left can be put back. */
  invertible: z.boolean(),
  /** Of a target without a key: what promotion left there, as `contentOf` tells it. */
  content: z.string().nullable().default(null),
  swap: swapSchema.nullable().default(null),
  /** How long readers of a target that was swapped were locked out, up to the commit. */
  lockedMs: z.int().nullable().default(null),
  rows: z.int(),
  leaving: z.int(),
  inserted: z.int().nullable(),
  updated: z.int().nullable(),
  left: z.int().nullable(),
});
export type JournalCollection = z.infer<typeof collectionSchema>;

const positionsSchema = z.record(z.string(), z.string()).nullable();

export interface JournalEntry extends Omit<GenerationRecord, 'collections' | 'canRollBack'> {
  readonly collections: readonly JournalCollection[];
}

interface StoredEntry {
  readonly id: string;
  readonly state: GenerationState;
  readonly readAt: string;
  readonly promotedAt: string | null;
  readonly rolledBackAt: string | null;
  readonly held: string | null;
  readonly collections: string;
  readonly positions: string | null;
}

export interface JournalRequest {
  readonly layout: StateLayout;
  readonly pipeline: PipelineName;
  readonly signal: AbortSignal;
}

export async function hasJournal(
  session: Session,
  { layout, signal }: Pick<JournalRequest, 'layout' | 'signal'>,
): Promise<boolean> {
  const { rows } = await session.query<{ found: boolean }>(findJournal(layout), undefined, { signal });
  return rows[0]?.found ?? false;
}

/** Inside a transaction that holds our state: no other engine makes it meanwhile. */
export async function makeJournal(
  session: Session,
  { layout, signal }: Pick<JournalRequest, 'layout' | 'signal'>,
): Promise<void> {
  const { rows } = await session.query<{ found: boolean; isNew: boolean }>(findJournal(layout), undefined, {
    signal,
  });
  const [found] = rows;
  if (found?.found !== true) await session.execute(createJournal(layout), { signal });
  else if (!found.isNew) await session.execute(upgradeJournal(layout), { signal });
}

/** Newest first. */
export async function readEntries(
  session: Session,
  request: JournalRequest,
): Promise<readonly JournalEntry[]> {
  if (!(await hasJournal(session, request))) return [];
  const { layout, pipeline, signal } = request;
  const { rows } = await session.query<StoredEntry>(readJournal(layout), [pipeline], { signal });
  return rows.map(toEntry);
}

/** Locked until the transaction ends. */
export async function entryOf(
  session: Session,
  id: GenerationId,
  request: JournalRequest,
): Promise<JournalEntry> {
  const { layout, pipeline, signal } = request;
  const found = (await hasJournal(session, request))
    ? await session.query<StoredEntry>(lockEntry(layout), [pipeline, id], { signal })
    : { rows: [] };
  const [row] = found.rows;
  if (row === undefined) throw unfit(id, 'the destination does not know it');
  return toEntry(row);
}

export async function keepEntry(
  session: Session,
  entry: JournalEntry,
  { layout, pipeline, signal }: JournalRequest,
): Promise<void> {
  const values = [pipeline, entry.id, entry.state, entry.held, JSON.stringify(entry.collections)];
  await session.query(changeEntry(layout), values, { signal });
}

const millisecondsOf = (text: string | null): number | null => (text === null ? null : Number(text));

function toEntry(row: StoredEntry): JournalEntry {
  return {
    id: Number(row.id),
    state: row.state,
    readAtMs: Number(row.readAt),
    promotedAtMs: millisecondsOf(row.promotedAt),
    rolledBackAtMs: millisecondsOf(row.rolledBackAt),
    held: row.held,
    positions: positionsSchema.parse(JSON.parse(row.positions ?? 'null')),
    collections: z.array(collectionSchema).parse(JSON.parse(row.collections)),
  };
}

export const unfit = (id: GenerationId, detail: string): LockstepError =>
  new LockstepError('generation-unfit', { generation: id, detail });

/** As it is told; `isNewest`: no newer one is promoted. */
export function toRecord(entry: JournalEntry, isNewest: boolean): GenerationRecord {
  const { collections, ...rest } = entry;
  return {
    ...rest,
    collections: collections.map(
      ({ collection, kind, lockedMs, rows, leaving, inserted, updated, left }) => ({
        collection,
        by: kind === 'swap' ? 'swap' : 'staged',
        lockedMs,
        rows,
        leaving,
        inserted,
        updated,
        left,
      }),
    ),
    canRollBack: isNewest && entry.state === 'promoted' && collections.every(({ invertible }) => invertible),
  };
}

/** Newest first, as they are told. */
export function toRecords(entries: readonly JournalEntry[]): readonly GenerationRecord[] {
  const newest = entries.find(({ state }) => state === 'promoted');
  return entries.map((entry) => toRecord(entry, entry === newest));
}
