import type { Digest, DigestAgreement, DigestResult, HashedKey } from '../../protocol/digest.ts';
import type { Partition } from '../../protocol/partition.ts';
import { wholeCollection } from '../../protocol/partition.ts';
import type { CollectionWork } from './collection-work.ts';
import { comparePartitionsInLanes, type SuspectSink } from './compare-partitions.ts';
import { joinHashes } from './hash-join.ts';

/** Fewer rows than this are told by key and hash at once; more are first narrowed down by groups. */
const directRows = 5_000;
/** Rows per group when narrowing down: small enough that a difference costs few keys, large enough for few groups. */
const rowsPerGroup = 64;
const maxGroups = 1 << 16;
/** (key, hash) pairs of one side held in memory before the disk is used. */
const memoryRows = 50_000;

/**
 * Compares at the servers: one digest per partition; where it differs, digests of groups; where those differ, keys and hashes. Equal
 * data never travels. Without a shared order there is one partition, everything, which costs one scan per step.
 */
export async function compareDigests(
  work: CollectionWork,
  agreement: DigestAgreement,
  sink: SuspectSink,
): Promise<void> {
  const partitions = work.sharedOrder ? undefined : [wholeCollection(work.plan.sourceShape.estimatedRows)];
  await comparePartitionsInLanes(work, partitions, (partition, signal) =>
    comparePartition(new PartitionDigests(work, partition, { agreement, signal }), sink),
  );
}

async function comparePartition(
  digests: PartitionDigests,
  sink: SuspectSink,
): Promise<{ source: number; target: number }> {
  const [source, target] = await digests.read(1);
  const rows = { source: totalRows(source), target: totalRows(target) };
  if (differing(source, target).size === 0) return rows;
  const larger = Math.max(rows.source, rows.target);
  const suspects = await digests.narrow(larger);
  if (suspects === null) return rows;
  for await (const found of joinHashes(...digests.hashes(suspects), digests.joinOptions(larger))) {
    await sink.add(found, digests.partition, rows.source);
  }
  return rows;
}

class PartitionDigests {
  readonly partition: Partition;
  readonly #work: CollectionWork;
  readonly #agreement: DigestAgreement;
  readonly #signal: AbortSignal;

  constructor(
    work: CollectionWork,
    partition: Partition,
    { agreement, signal }: { readonly agreement: DigestAgreement; readonly signal: AbortSignal },
  ) {
    this.#work = work;
    this.#agreement = agreement;
    this.partition = partition;
    this.#signal = signal;
  }

  read(groups: number): Promise<[DigestResult, DigestResult]> {
    const { plan, moment, targetReads } = this.#work;
    return Promise.all([
      moment.read(this.#signal, (snapshot) =>
        snapshot.digest(plan.source, this.partition, this.#source(groups)),
      ),
      targetReads.digest(plan.target, this.partition, this.#target(groups)),
    ]);
  }

  /** Which groups differ; null: none any more. */
  async narrow(rows: number): Promise<{ groups: number; only: ReadonlySet<number> | null } | null> {
    if (rows <= directRows) return { groups: 1, only: null };
    const groups = Math.min(maxGroups, 2 ** Math.ceil(Math.log2(rows / rowsPerGroup)));
    const only = differing(...(await this.read(groups)));
    return only.size === 0 ? null : { groups, only };
  }

  hashes(suspects: { groups: number; only: ReadonlySet<number> | null }): [Hashes, Hashes] {
    const { plan, moment, targetReads } = this.#work;
    const onlyGroups = suspects.only;
    const source = { ...this.#source(suspects.groups), onlyGroups };
    const target = { ...this.#target(suspects.groups), onlyGroups };
    return [
      moment.stream(this.#signal, (snapshot) => snapshot.hashes(plan.source, this.partition, source)),
      targetReads.hashes(plan.target, this.partition, target),
    ];
  }

  joinOptions(estimatedRows: number) {
    return {
      estimatedRows,
      spillDirectory: this.#work.context.spillDirectory,
      memoryRows,
      signal: this.#signal,
    };
  }

  #source(groups: number) {
    return { ...this.#work.source, groups, agreement: this.#agreement, signal: this.#signal };
  }

  #target(groups: number) {
    return { ...this.#work.target.comparison(), groups, agreement: this.#agreement, signal: this.#signal };
  }
}

type Hashes = AsyncIterable<readonly HashedKey[]>;

function differing(source: DigestResult, target: DigestResult): ReadonlySet<number> {
  const groups = new Set([...source.keys(), ...target.keys()]);
  for (const group of groups) if (sameDigest(source.get(group), target.get(group))) groups.delete(group);
  return groups;
}

const sameDigest = (a: Digest | undefined, b: Digest | undefined): boolean =>
  a !== undefined && b !== undefined && a.rows === b.rows && a.hash === b.hash;

function totalRows(result: DigestResult): number {
  let rows = 0;
  for (const digest of result.values()) rows += digest.rows;
  return rows;
}
