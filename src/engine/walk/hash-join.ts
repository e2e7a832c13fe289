import type { HashedKey } from '../../protocol/digest.ts';
import type { Key } from '../../protocol/names.ts';
import { HashBuckets } from './hash-buckets.ts';

/**
 * What one side has and the other has not, by key and row hash. Suspects only: both sides may have changed since they were read. A key that
 * more than one row of the source has is a suspect whatever the target has: only reading it by key tells what is so.
 */
export interface Suspects {
  readonly missing: readonly Key[];
  readonly extra: readonly Key[];
  readonly different: readonly Key[];
}

export interface GroupedSuspects extends Suspects {
  /** Of the rows that are extra or different, where the target was read by groups. */
  readonly groups: ReadonlySet<number>;
}

export interface HashJoinOptions {
  /** Rows expected on the larger side; decides how many buckets there are. */
  readonly estimatedRows: number;
  readonly spillDirectory: string;
  /** Rows of one side held in memory at once. */
  readonly memoryRows: number;
  readonly signal: AbortSignal;
}

/**
 * Joins (key, hash) of two sides whose orders have nothing to do with each other. Both are written into buckets by a hash of the key,
 * then each pair of buckets is joined in memory. Up to `memoryRows` rows nothing touches the disk.
 */
export async function* joinHashes(
  source: AsyncIterable<readonly HashedKey[]>,
  target: AsyncIterable<readonly HashedKey[]>,
  options: HashJoinOptions,
): AsyncIterable<GroupedSuspects> {
  const count = bucketCount(options);
  await using sourceBuckets = await HashBuckets.create(options.spillDirectory, count);
  await using targetBuckets = await HashBuckets.create(options.spillDirectory, count);
  await Promise.all([
    fill(sourceBuckets, source, options.signal),
    fill(targetBuckets, target, options.signal),
  ]);
  for (let bucket = 0; bucket < count; bucket += 1) {
    options.signal.throwIfAborted();
    yield await joinBucket(sourceBuckets, targetBuckets, bucket);
  }
}

function bucketCount({ estimatedRows, memoryRows }: HashJoinOptions): number {
  return Math.min(512, Math.max(1, Math.ceil((estimatedRows * 1.5) / memoryRows)));
}

async function fill(
  buckets: HashBuckets,
  rows: AsyncIterable<readonly HashedKey[]>,
  signal: AbortSignal,
): Promise<void> {
  for await (const batch of rows) {
    signal.throwIfAborted();
    await buckets.add(batch);
  }
}

async function joinBucket(
  source: HashBuckets,
  target: HashBuckets,
  bucket: number,
): Promise<GroupedSuspects> {
  const { expected, repeated } = await readSource(source, bucket);
  const extra: Key[] = [];
  const different: Key[] = [];
  const groups = new Set<number>();
  for await (const { key, hash, group } of target.read(bucket)) {
    const wanted = expected.get(key);
    const isSame = wanted === hash && !repeated.has(key);
    if (wanted === undefined) extra.push(key);
    else if (!isSame) different.push(key);
    if (!isSame && group !== undefined) groups.add(group);
    expected.delete(key);
  }
  return { missing: [...expected.keys()], extra, different, groups };
}

interface SourceRows {
  readonly expected: Map<Key, bigint>;
  /** Keys of several rows. */
  readonly repeated: ReadonlySet<Key>;
}

async function readSource(source: HashBuckets, bucket: number): Promise<SourceRows> {
  const expected = new Map<Key, bigint>();
  const repeated = new Set<Key>();
  for await (const { key, hash } of source.read(bucket)) {
    const before = expected.size;
    expected.set(key, hash);
    if (expected.size === before) repeated.add(key);
  }
  return { expected, repeated };
}
