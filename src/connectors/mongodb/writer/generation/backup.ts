import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { GenerationId } from '../../../../protocol/generation.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import type { ClusterTime } from '../../cluster-time.ts';
import { logTime } from '../../reader/not-before.ts';
import type { Deployment } from '../../session/deployment.ts';
import type { Destination } from '../destination.ts';
import { buildIndexes, requireAlike, setValidator } from './alike.ts';
import { makeKept, requireKept, requireLooks } from './fill.ts';
import {
  isRenamed,
  type JournalCollection,
  type JournalEntry,
  type KeptCollection,
  unfit,
} from './journal.ts';
import { writesSince } from './write-watch.ts';

export interface Backups {
  readonly collections: readonly JournalCollection[];
  /** Nobody has written to the targets since, up to a moment ago. */
  readonly quietSince: ClusterTime;
}

/**
 * Copies of what the targets have now, made within the server. MongoDB has no way to let two collections change places: what is renamed over is
 * gone, so what is to come back must be there before. Who writes meanwhile would be missing in the copy: then all of it is tried again.
 */
export async function backUp(
  destination: Destination,
  { _id, collections }: JournalEntry,
  options: WriteOptions,
): Promise<Backups> {
  const { deployment } = destination;
  const { signal } = options;
  const id = _id.number;
  const kept = collections.filter((each) => isRenamed(each) && each.keepsFormer);
  const quietSince = (await logTime(deployment, { signal })) ?? '';
  await requireCopies(deployment, { id, copies: kept, signal });
  const backups = new Map<JournalCollection, KeptCollection>();
  for (const each of kept)
    backups.set(each, await copyOf(destination, each, { ...options, kind: 'backup', generation: id }));
  const targets = kept.map(({ target }) => target);
  const written = await writesOf(deployment, { id, targets, since: quietSince, signal });
  for (const [collection, writes] of written)
    throw new LockstepError('generation-disturbed', { generation: id, collection, writes });
  return {
    quietSince,
    collections: collections.map((each) => ({ ...each, backup: backups.get(each) ?? null })),
  };
}

interface QuietRequest {
  readonly id: GenerationId;
  readonly signal: AbortSignal;
}

/** What was written to a target since it was copied for its differences would be lost, however often it is tried: another run copies it anew. */
async function requireCopies(
  deployment: Deployment,
  { copies, ...request }: QuietRequest & { readonly copies: readonly JournalCollection[] },
): Promise<void> {
  for (const { target, copiedAt } of copies) {
    if (copiedAt === null) continue;
    const written = await writesOf(deployment, { ...request, targets: [target], since: copiedAt });
    for (const [collection, count] of written)
      throw unfit(request.id, `somebody else wrote to ${collection} (${count} write(s)) since it was copied`);
  }
}

async function writesOf(
  deployment: Deployment,
  { id, ...request }: QuietRequest & { readonly targets: readonly string[]; readonly since: ClusterTime },
): Promise<ReadonlyMap<string, number>> {
  if (request.targets.length === 0) return new Map();
  const written = await writesSince(deployment, request);
  if (written !== null) return written;
  const [named, log] = [request.targets.join(', '), 'the server’s log does not reach back so far any more'];
  throw unfit(id, `nobody knows whether somebody else wrote to ${named} since it was copied: ${log}`);
}

/** Made within the server, and alike. */
export async function copyOf(
  destination: Destination,
  { target, place }: Pick<JournalCollection, 'target' | 'place'>,
  options: WriteOptions & { readonly generation: number; readonly kind: 'staging' | 'backup' },
): Promise<KeptCollection> {
  const { signal } = options;
  const looks = await requireLooks(destination, target, signal);
  reach('generation.backup.before');
  const made = await makeKept(destination, { ...options, place, target, validates: false });
  const stages = [{ $out: made.name }];
  await destination.deployment.run({ signal, collection: target }, (db) =>
    db
      .collection(target)
      .aggregate(stages, { writeConcern: { w: 'majority' }, signal })
      .toArray(),
  );
  await buildIndexes(destination, { name: made.name, looks, signal });
  await setValidator(destination, { name: made.name, looks, signal });
  await requireAlike(destination, { name: made.name, target, signal });
  reach('generation.backup.after');
  // `$out` puts another collection in the place of the one it is given.
  return await requireKept(destination, made.name, signal);
}
