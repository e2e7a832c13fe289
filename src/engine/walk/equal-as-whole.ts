import type { HashedKey } from '../../protocol/digest.ts';
import { wholeCollection } from '../../protocol/partition.ts';
import type { CollectionWork } from './collection-work.ts';
import { retrying } from './retrying.ts';
import { sourceHashes, targetHashes } from './stored-hashes.ts';

/** Rows and the sum of their hashes: equal for equal multisets, whatever their order. */
interface Whole {
  readonly rows: number;
  readonly hash: bigint;
}

/**
 * Whether a collection without a key is equal as a multiset of rows: by one digest of each side, or by reading both where the servers
 * can't hash alike. The tally then knows how many rows each side has, which the guard needs.
 */
export async function equalAsWhole(work: CollectionWork): Promise<boolean> {
  const { context, plan, tally } = work;
  const { signal } = context;
  const [here, there] = await retrying(context, { what: `compare ${plan.name}`, signal }, () =>
    work.agreement === null
      ? Promise.all([summed(sourceHashes(work, signal)), summed(targetHashes(work, signal))])
      : digests(work, work.agreement),
  );
  tally.sourceRows = here.rows;
  tally.targetRows = there.rows;
  return here.rows === there.rows && here.hash === there.hash;
}

function digests(
  { context, plan, moment, source, target, targetReads }: CollectionWork,
  agreement: NonNullable<CollectionWork['agreement']>,
): Promise<[Whole, Whole]> {
  const { signal } = context;
  const everything = wholeCollection(plan.sourceShape.estimatedRows);
  const query = { groups: 1, agreement, signal };
  const nothing: Whole = { rows: 0, hash: 0n };
  return Promise.all([
    moment.read(signal, async (snapshot) => {
      const result = await snapshot.digest(plan.source, everything, { ...query, ...source });
      return result.get(0) ?? nothing;
    }),
    targetReads
      .digest(plan.target, everything, { ...query, ...target.comparison() })
      .then((result) => result.get(0) ?? nothing),
  ]);
}

async function summed(hashes: AsyncIterable<readonly HashedKey[]>): Promise<Whole> {
  let rows = 0;
  let hash = 0n;
  for await (const batch of hashes) {
    rows += batch.length;
    for (const row of batch) hash = BigInt.asIntN(64, hash + row.hash);
  }
  return { rows, hash };
}
