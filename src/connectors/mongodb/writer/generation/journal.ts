import type { ClientSession, Collection, UUID } from 'mongodb';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type {
  GenerationCollection,
  GenerationId,
  GenerationRecord,
  GenerationState,
} from '../../../../protocol/generation.ts';
import type { Fence, PipelineName, Position, Shard } from '../../../../protocol/names.ts';
import type { ClusterTime } from '../../cluster-time.ts';
import type { Destination } from '../destination.ts';

/** A collection beside the target. The id decides: another one of that name is not ours. */
export interface KeptCollection {
  readonly name: string;
  readonly id: UUID;
}

export const isRenamed = ({ kind }: Pick<JournalCollection, 'kind'>): boolean => kind !== 'differences';

/** What the journal keeps of one collection. Counts may be known while it is staged; they are told once it is promoted. */
export interface JournalCollection extends Omit<GenerationCollection, 'by'> {
  /**
   * How it comes in: `differences` in one transaction over all collections, as long as they fit into one; `copy`: they don't, and are written
   * to a copy that takes the target's place; `swap`: all documents anew take its place.
   */
  readonly kind: 'differences' | 'copy' | 'swap';
  /** Nobody else is meant to write to the target, so a copy may take its place. */
  readonly mayBeCopied: boolean;
  readonly target: string;
  /** Of the target that it was staged for: one that was made anew under its name is another one. */
  readonly former: UUID;
  readonly fingerprint: string;
  readonly place: number;
  /** Null: nothing is complete. Once it is promoted it is the target. */
  readonly staging: KeptCollection | null;
  /** Promotion keeps what the target has then. */
  readonly keepsFormer: boolean;
  /** What the target had right before promotion; null: nothing is kept. */
  readonly backup: KeptCollection | null;
  /** Of differences. */
  readonly kept: {
    readonly rows: KeptCollection | null;
    readonly leaves: KeptCollection | null;
    readonly before: KeptCollection | null;
    readonly came: KeptCollection | null;
  };
  /** Of all that is staged of differences. */
  readonly bytes: number;
  /** Of a copy: nobody but us should have written to the target since. */
  readonly copiedAt: ClusterTime | null;
  /** What promotion brings, as `contentOf` tells it. */
  readonly content: string | null;
  /** Rollback leaves it as it is now. */
  readonly stays: boolean;
}

/**
 * Two states more than are told: collections are renamed one after the other, and what was begun is ended by whoever comes next.
 * `promoting` tells as `staged`, `rolling-back` as `promoted`.
 */
export type EntryState = GenerationState | 'promoting' | 'rolling-back';

export interface JournalEntry {
  readonly _id: {
    readonly pipeline: PipelineName;
    readonly kind: 'generation';
    readonly number: GenerationId;
  };
  readonly state: EntryState;
  /** Of the owner that began it. */
  readonly fence: Fence;
  readonly readAtMs: number;
  readonly promotedAtMs: number | null;
  readonly rolledBackAtMs: number | null;
  readonly held: string | null;
  /** To bring it in: each begins by being counted here, which waits for what an earlier one may have left under way. */
  readonly attempts: number;
  readonly positions: readonly { readonly shard: Shard; readonly position: Position }[] | null;
  /** Since when nobody but us should have written to the targets, while they are renamed. */
  readonly quietSince: ClusterTime | null;
  readonly collections: readonly JournalCollection[];
}

interface JournalRequest {
  readonly pipeline: PipelineName;
  readonly signal: AbortSignal;
  readonly session?: ClientSession;
}

/** Documents of our state collection: so they go with the pipeline's others. */
export const journalOf = ({ deployment: { db, config } }: Destination): Collection<JournalEntry> =>
  db.collection(config.stateCollection);

export const entryId = (pipeline: PipelineName, number: GenerationId): JournalEntry['_id'] => ({
  pipeline,
  kind: 'generation',
  number,
});

/** Newest first. */
export function readEntries(
  destination: Destination,
  { pipeline, signal, session }: JournalRequest,
): Promise<readonly JournalEntry[]> {
  const which = { '_id.pipeline': pipeline, '_id.kind': 'generation' } as const;
  const options = session === undefined ? { readConcern: { level: 'majority' } as const } : { session };
  return destination.deployment.run({ signal }, () =>
    journalOf(destination)
      .find(which, { ...options, signal })
      .sort({ '_id.number': -1 })
      .toArray(),
  );
}

export async function entryOf(
  destination: Destination,
  id: GenerationId,
  request: JournalRequest,
): Promise<JournalEntry> {
  const found = (await readEntries(destination, request)).find(({ _id }) => _id.number === id);
  if (found === undefined) throw unfit(id, 'the destination does not know it');
  return found;
}

/** What the journal has of it. */
export function collectionIn({ collections }: JournalEntry, name: string): JournalCollection {
  const found = collections.find(({ collection }) => collection === name);
  if (found !== undefined) return found;
  throw new LockstepError('internal', { detail: `${name} is not part of this generation` });
}

export const withCollection = (entry: JournalEntry, changed: JournalCollection): JournalEntry => ({
  ...entry,
  collections: entry.collections.map((each) => (each.collection === changed.collection ? changed : each)),
});

/** In a transaction with the fence. */
export async function keepEntry(
  destination: Destination,
  entry: JournalEntry,
  session: ClientSession,
): Promise<void> {
  await journalOf(destination).replaceOne({ _id: entry._id }, entry, { session, upsert: true });
}

export const unfit = (id: GenerationId, detail: string): LockstepError =>
  new LockstepError('generation-unfit', { generation: id, detail });

const told: Readonly<Record<EntryState, GenerationState>> = {
  staging: 'staging',
  staged: 'staged',
  promoting: 'staged',
  promoted: 'promoted',
  'rolling-back': 'promoted',
  'rolled-back': 'rolled-back',
  discarded: 'discarded',
};

/** As it is told; `isNewest`: no newer one is promoted. */
export function toRecord(entry: JournalEntry, isNewest: boolean): GenerationRecord {
  const { _id, state, readAtMs, promotedAtMs, rolledBackAtMs, held, positions, collections } = entry;
  const isIn = promotedAtMs !== null;
  return {
    id: _id.number,
    state: told[state],
    readAtMs,
    promotedAtMs,
    rolledBackAtMs,
    held,
    positions:
      positions === null
        ? null
        : Object.fromEntries(positions.map(({ shard, position }) => [shard, position])),
    collections: collections.map(({ kind, collection, lockedMs, rows, leaving, ...counts }) => ({
      collection,
      by: kind === 'swap' ? 'swap' : 'staged',
      lockedMs,
      rows,
      leaving,
      inserted: isIn ? counts.inserted : null,
      updated: isIn ? counts.updated : null,
      left: isIn ? counts.left : null,
    })),
    canRollBack: isNewest && state === 'promoted' && collections.every(isInvertible),
  };
}

/** What was there is kept. */
export const isInvertible = (each: JournalCollection): boolean =>
  (isRenamed(each) ? each.backup : each.kept.before) !== null;

/** Newest first, as they are told. */
export function toRecords(entries: readonly JournalEntry[]): readonly GenerationRecord[] {
  const newest = entries.find(({ state }) => told[state] === 'promoted');
  return entries.map((entry) => toRecord(entry, entry === newest));
}
