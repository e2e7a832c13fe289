import { reach } from '../../../../protocol/failpoints.ts';
import type { GenerationId } from '../../../../protocol/generation.ts';
import type { Target, WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import { requireAlike } from './alike.ts';
import { backUp } from './backup.ts';
import { changeEntry } from './change-entry.ts';
import { cleanUp } from './clean-up.ts';
import { collectionId, isSame } from './collection-id.ts';
import { bringInDifferences } from './differences/bring-in.ts';
import { openShares } from './differences/share.ts';
import { isRenamed, type JournalCollection, type JournalEntry, unfit } from './journal.ts';
import { switchOver, tellLost } from './switch-over.ts';

export interface GenerationRequest {
  readonly id: GenerationId;
  readonly targets: readonly Target[];
  readonly options: WriteOptions;
}

/**
 * Copies what there is, notes in the journal that it is decided, then renames one collection after the other. Until the note whoever dies
 * leaves targets that nobody touched; from then on whoever comes next ends it. A repeat finds it promoted.
 */
export async function promoteGeneration(
  destination: Destination,
  { id, targets, options }: GenerationRequest,
): Promise<void> {
  const { signal } = options;
  const entry = await beginAttempt(destination, id, options);
  if (entry.state === 'promoted') return;
  if (entry.state === 'promoting') return await endPromotion(destination, entry, options);
  for (const each of entry.collections) {
    refuseOther(entry, each, targets);
    if (isRenamed(each))
      await requirePlace(destination, { id, each, over: each.former, by: each.staging }, signal);
    else await requireTarget(destination, { id, each, over: each.former }, signal);
  }
  if (entry.collections.some(isRenamed)) await promoteRenamed(destination, entry, { targets, options });
  else await promoteAtOnce(destination, entry, { targets, options });
  await cleanUp(destination, options);
}

/**
 * What an attempt keeps of the target has the names that an earlier one gave it, of which nobody may have been able to say whether it came
 * through. A look could show a moment before that; a write waits for its transaction, and finds what became of it.
 */
function beginAttempt(
  destination: Destination,
  id: GenerationId,
  options: WriteOptions,
): Promise<JournalEntry> {
  return changeEntry(destination, {
    ...options,
    id,
    from: ['staged', 'promoting', 'promoted'],
    change: (entry) => ({ ...entry, attempts: entry.attempts + 1 }),
  });
}

type Promoting = Pick<GenerationRequest, 'targets' | 'options'>;

const promotedNow = (entry: JournalEntry): JournalEntry => ({
  ...entry,
  ...{ state: 'promoted', promotedAtMs: Date.now(), quietSince: null, held: null },
});

/** Differences only: one transaction. */
async function promoteAtOnce(
  destination: Destination,
  entry: JournalEntry,
  { targets, options }: Promoting,
): Promise<void> {
  const shares = await openShares(destination, entry, { targets, signal: options.signal });
  const reached = () => reach('generation.promote.before-commit');
  await bringInDifferences(destination, { entry: promotedNow(entry), shares, options, reached });
  reach('generation.promote.after-commit');
}

/** Differences come in with the decision, renames follow. */
async function promoteRenamed(
  destination: Destination,
  entry: JournalEntry,
  { targets, options }: Promoting,
): Promise<void> {
  const backups = await backUp(destination, entry, options);
  const decided: JournalEntry = { ...entry, ...backups, state: 'promoting', held: null };
  const shares = await openShares(destination, decided, { targets, signal: options.signal });
  const reached = () => reach('generation.decide.before-commit');
  const noted =
    shares.length > 0
      ? await bringInDifferences(destination, { entry: decided, shares, options, reached })
      : await changeEntry(destination, {
          ...options,
          id: entry._id.number,
          from: ['staged'],
          change: () => {
            reached();
            return decided;
          },
        });
  reach('generation.decide.after-commit');
  await endPromotion(destination, noted, options);
}

/** Anything else than what was staged for is refused. */
export function refuseOther(
  { _id }: JournalEntry,
  { collection, fingerprint }: JournalCollection,
  targets: readonly Target[],
): void {
  const plan = targets.map((target) => target.plan).find(({ name }) => name === collection);
  if (plan === undefined) throw unfit(_id.number, `${collection} is no longer a collection of the pipeline`);
  if (plan.fingerprint !== fingerprint)
    throw unfit(_id.number, `the configuration of ${collection} has changed since`);
}

export interface PlaceRequest {
  readonly id: GenerationId;
  readonly each: JournalCollection;
  readonly over: JournalCollection['former'] | undefined;
  readonly by: JournalCollection['staging'];
}

export async function requireTarget(
  { deployment }: Destination,
  { id, each: { target }, over }: Omit<PlaceRequest, 'by'>,
  signal: AbortSignal,
): Promise<void> {
  if (!isSame(await collectionId(deployment, target, { signal }), over))
    throw unfit(id, `${target} was made anew since`);
}

/** Both are what the journal says, and alike. */
export async function requirePlace(
  destination: Destination,
  { id, each, over, by }: PlaceRequest,
  signal: AbortSignal,
): Promise<void> {
  const { deployment } = destination;
  const { target } = each;
  await requireTarget(destination, { id, each, over }, signal);
  if (by === null || !isSame(await collectionId(deployment, by.name, { signal }), by.id))
    throw unfit(id, `${by?.name ?? 'what was kept'} is gone: somebody dropped it`);
  await requireAlike(destination, { name: by.name, target, signal });
}

/** From the journal alone, whoever began it. */
export async function endPromotion(
  destination: Destination,
  entry: JournalEntry,
  options: WriteOptions,
): Promise<void> {
  const collections: JournalCollection[] = [];
  for (const each of entry.collections) collections.push(await bringIn(destination, each, options));
  const kept = collections.filter(({ backup }) => backup !== null);
  const targets = kept.map(({ target }) => target);
  const { signal } = options;
  if (entry.quietSince !== null) await tellLost(destination, { targets, since: entry.quietSince, signal });
  reach('generation.promote.before-commit');
  await changeEntry(destination, {
    ...options,
    id: entry._id.number,
    from: ['promoting'],
    change: (found) => promotedNow({ ...found, collections }),
  });
  reach('generation.promote.after-commit');
}

async function bringIn(
  destination: Destination,
  each: JournalCollection,
  options: WriteOptions,
): Promise<JournalCollection> {
  const { target, former: over, staging: by, rows, leaving } = each;
  if (!isRenamed(each) || by === null) return each;
  const { result, lockedMs } = await switchOver(destination, { target, over, by }, options);
  const counts = each.kind === 'copy' ? {} : { inserted: rows, updated: 0, left: leaving };
  if (result === 'done') return { ...each, ...counts, lockedMs };
  const message = `${target} was made anew by somebody else while it was to be swapped: it stays as it is, and the next run compares it`;
  destination.notice({ kind: 'warning', message });
  return { ...each, ...{ staging: null, backup: null, inserted: 0, updated: 0, left: 0, lockedMs: null } };
}
