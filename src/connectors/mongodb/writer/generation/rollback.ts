import type { ClientSession } from 'mongodb';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { RollbackOptions } from '../../../../protocol/generation.ts';
import type { PipelineName, Shard } from '../../../../protocol/names.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import { logTime } from '../../reader/not-before.ts';
import type { Destination } from '../destination.ts';
import { requireFence } from '../state/read-state.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { cleanUp } from './clean-up.ts';
import { isSame } from './collection-id.ts';
import { contentOf } from './content.ts';
import { takeBackDifferences } from './differences/roll-back.ts';
import { openShares } from './differences/share.ts';
import {
  entryOf,
  isInvertible,
  isRenamed,
  type JournalCollection,
  type JournalEntry,
  keepEntry,
  readEntries,
  unfit,
} from './journal.ts';
import { type GenerationRequest, refuseOther, requirePlace, requireTarget } from './promote.ts';
import { switchOver, tellLost } from './switch-over.ts';

export type RollbackRequest = GenerationRequest & RollbackOptions;

/** The backups are renamed over what was promoted. A repeat finds it taken back. */
export async function rollBackGeneration(
  destination: Destination,
  { id, targets, options, changed, forgets = [] }: RollbackRequest,
): Promise<void> {
  const { lease, signal } = options;
  await requireFence(destination, options);
  const entries = await readEntries(destination, { pipeline: lease.pipeline, signal });
  const entry = await entryOf(destination, id, { pipeline: lease.pipeline, signal });
  if (entry.state === 'rolled-back') return;
  if (entry.state === 'rolling-back') return await endRollback(destination, entry, options);
  refuseUnfit(entry, entries);
  const quietSince = await logTime(destination.deployment, { signal });
  const collections: JournalCollection[] = [];
  for (const each of entry.collections) {
    refuseOther(entry, each, targets);
    collections.push(await settled(destination, each, { id, options, changed }));
  }
  const hasRenames = collections.some(isRenamed);
  const decided: JournalEntry = { ...entry, state: 'rolling-back', collections, quietSince };
  const shares = await openShares(destination, decided, { targets, signal });
  const request = { entry: decided, shares, options, changed };
  const noted = await takeBackDifferences(destination, request, async (session, found) => {
    // With the decision: from then on it goes back, whoever ends it.
    if (forgets.length > 0)
      await destination.state.shards.deleteMany(shardsOf(lease.pipeline, forgets), { session });
    if (!hasRenames) return await noteRollback(destination, found, { session, signal });
    await keepEntry(destination, found, session);
    reach('generation.return.before-commit');
  });
  if (!hasRenames) reach('generation.rollback.after-commit');
  else {
    reach('generation.return.after-commit');
    await endRollback(destination, noted, options);
  }
  await cleanUp(destination, options);
}

/** As rollback finds it: what is renamed must be there, and may have been changed since. */
async function settled(
  destination: Destination,
  each: JournalCollection,
  { id, options, changed }: Pick<RollbackRequest, 'id' | 'options' | 'changed'>,
): Promise<JournalCollection> {
  const { signal } = options;
  if (!isRenamed(each)) {
    await requireTarget(destination, { id, each, over: each.former }, signal);
    return each;
  }
  await requirePlace(destination, { id, each, over: each.staging?.id, by: each.backup }, signal);
  return { ...each, stays: await hasChanged(destination, { each, id, changed }, signal) };
}

function refuseUnfit({ _id, state, collections }: JournalEntry, entries: readonly JournalEntry[]): void {
  const id = _id.number;
  if (state !== 'promoted') throw unfit(id, `it is ${state}`);
  const newest = entries.find((each) => each.state === 'promoted');
  if (newest !== undefined && newest._id.number !== id)
    throw unfit(id, `generation ${newest._id.number} was promoted after it and has to be taken back first`);
  const lost = collections.find((each) => !isInvertible(each));
  if (lost !== undefined) throw unfit(id, `nothing was kept of what ${lost.collection} was`);
}

/** True: it stays as it is. */
async function hasChanged(
  { deployment }: Destination,
  { each, id, changed }: Pick<RollbackRequest, 'id' | 'changed'> & { readonly each: JournalCollection },
  signal: AbortSignal,
): Promise<boolean> {
  if ((await contentOf(deployment, each.target, { signal })) === each.content) return false;
  if (changed === 'keep') return true;
  const { collection } = each;
  throw new LockstepError('generation-overtaken', { generation: id, collection, rows: 'some' });
}

/** From the journal alone, whoever began it. */
export async function endRollback(
  destination: Destination,
  entry: JournalEntry,
  options: WriteOptions,
): Promise<void> {
  const { signal } = options;
  const collections: JournalCollection[] = [];
  for (const each of entry.collections) collections.push(await takeBack(destination, each, options));
  const targets = entry.collections
    .filter((each) => isRenamed(each) && !each.stays)
    .map(({ target }) => target);
  if (entry.quietSince !== null) await tellLost(destination, { targets, since: entry.quietSince, signal });
  await writeTransaction(destination, options, (session) =>
    noteRollback(destination, { ...entry, collections }, { session, signal }),
  );
  reach('generation.rollback.after-commit');
}

async function noteRollback(
  destination: Destination,
  entry: JournalEntry,
  { session, signal }: { readonly session: ClientSession; readonly signal: AbortSignal },
): Promise<void> {
  const { pipeline, number } = entry._id;
  for (const each of await readEntries(destination, { pipeline, signal, session }))
    if (each._id.number !== number) await keepEntry(destination, withCopies(each, entry), session);
  const ended = { state: 'rolled-back', rolledBackAtMs: Date.now(), quietSince: null } as const;
  await keepEntry(destination, { ...entry, ...ended }, session);
  // Documents and position go back together: a stream that went on from there would leave what is older for good.
  if (entry.positions !== null) await destination.state.shards.deleteMany(shardsOf(pipeline), { session });
  reach('generation.rollback.before-commit');
}

const shardsOf = (pipeline: PipelineName, shards?: readonly Shard[]) => ({
  '_id.pipeline': pipeline,
  '_id.kind': 'shard' as const,
  ...(shards === undefined ? {} : { '_id.shard': { $in: [...shards] } }),
});

/**
 * What an older generation brought in is now there as the copy that came back, under the copy's id; so are the documents that an older one
 * wrote by its differences.
 */
function withCopies(older: JournalEntry, { collections: back }: JournalEntry): JournalEntry {
  const collections = older.collections.map((each) => {
    const brought = isRenamed(each) ? each.staging?.id : each.former;
    const copy = back.find((one) => isRenamed(one) && !one.stays && isSame(one.former, brought))?.backup;
    if (copy === null || copy === undefined) return each;
    return isRenamed(each) ? { ...each, staging: copy } : { ...each, former: copy.id };
  });
  return { ...older, collections };
}

async function takeBack(
  destination: Destination,
  each: JournalCollection,
  options: WriteOptions,
): Promise<JournalCollection> {
  const { target, staging, backup: by, stays, rows, leaving } = each;
  if (!isRenamed(each)) return each;
  const nothing = { ...each, inserted: 0, updated: 0, left: 0 };
  if (stays || staging === null || by === null) return nothing;
  const { result } = await switchOver(destination, { target, over: staging.id, by }, options);
  const counts =
    each.kind === 'copy' ? { inserted: each.left, left: each.inserted } : { inserted: leaving, left: rows };
  if (result === 'done') return { ...each, ...counts };
  const message = `${target} was made anew by somebody else while it was to be taken back: it stays as it is`;
  destination.notice({ kind: 'warning', message });
  return nothing;
}
