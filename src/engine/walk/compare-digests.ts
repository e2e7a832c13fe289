import type { Digest, DigestAgreement, DigestResult, HashedKey } from '../../protocol/digest.ts';
import type { Partition } from '../../protocol/partition.ts';
import { wholeCollection } from '../../protocol/partition.ts';
import type { CollectionWork } from './collection-work.ts';
import { comparePartitionsInLanes, type SuspectSink } from './compare-partitions.ts';
import { paced } from './context.ts';
import { joinHashes } from './hash-join.ts';

/** As many suspects are told by key and hash at once; more are first narrowed down by smaller groups. */
const directRows = 20_000;
/** Rows per group at first: a server adds up thousands of groups at the price of one, and one difference then costs few keys. */
const rowsPerFirstGroup = 128;
/** When much differs: so few that most groups hold no difference. */
const rowsPerGroup = 16;
const maxGroups = 1 << 16;
/** Above this share of rows in groups that differ, coarse groups tell too little. */
const coarseShare = 1 / 8;
/** (key, hash) pairs of one side held in memory before the disk is used. */
const memoryRows = 50_000;

/**
 * Compares at the servers: digests of groups of each partition; where many differ, of smaller groups; of those that differ, keys and
 * hashes. Equal data never travels. Without a shared order there is one partition, everything, which costs one scan per step.
 */
export async function compareDigests(
  work: CollectionWork,
  agreement: DigestAgreement,
  sink: SuspectSink,
): Promise<void> {
  const partitions = work.sharedOrder ? undefined : [wholeCollection(work.plan.sourceShape.estimatedRows)];
  const grain = new Grain();
  await comparePartitionsInLanes(work, partitions, (partition, signal) =>
    comparePartition(new PartitionDigests(work, partition, { agreement, signal }), sink, grain),
  );
}

/** How fine the first look at a partition is: where much differs, coarse groups only cost a scan before the fine ones. */
class Grain {
  #rowsPerGroup = rowsPerFirstGroup;

  get rowsPerGroup(): number {
    return this.#rowsPerGroup;
  }

  /** So many rows of a partition's are in groups that differ. */
  learn(suspects: number, rows: number): void {
    if (suspects > rows * coarseShare) this.#rowsPerGroup = rowsPerGroup;
  }
}

async function comparePartition(
  digests: PartitionDigests,
  sink: SuspectSink,
  grain: Grain,
): Promise<{ source: number; target: number }> {
  const groups = groupsFor(digests.partition.estimatedRows, grain.rowsPerGroup);
  const [source, target] = await digests.read(groups);
  const rows = { source: totalRows(source), target: totalRows(target) };
  const found = { groups, only: differing(source, target) };
  grain.learn(rowsOf(found, rows), rows.source);
  const suspects = await digests.narrow(found, rows);
  if (suspects.only.size === 0) return rows;
  const options = digests.joinOptions(rowsOf(suspects, rows));
  for await (const found of joinHashes(...digests.hashes(suspects), options)) {
    await sink.add(found, digests.partition, rows.source);
  }
  return rows;
}

/** Rows of some groups, of so many. */
interface SuspectGroups {
  readonly groups: number;
  readonly only: ReadonlySet<number>;
}

/** About how many rows of the larger side these groups have. */
const rowsOf = ({ groups, only }: SuspectGroups, rows: { source: number; target: number }): number =>
  Math.ceil((Math.max(rows.source, rows.target) * only.size) / groups);

const groupsFor = (rows: number, perGroup: number): number =>
  Math.min(maxGroups, 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(1, rows) / perGroup))));

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
    const { context, plan, moment, targetReads } = this.#work;
    return paced(context, () =>
      Promise.all([
        moment.read(this.#signal, (snapshot) =>
          snapshot.digest(plan.source, this.partition, this.#source(groups)),
        ),
        targetReads.digest(plan.target, this.partition, this.#target(groups)),
      ]),
    );
  }

  async narrow(
    suspects: SuspectGroups,
    rows: { readonly source: number; readonly target: number },
  ): Promise<SuspectGroups> {
    const groups = groupsFor(Math.max(rows.source, rows.target), rowsPerGroup);
    if (groups <= suspects.groups || rowsOf(suspects, rows) <= directRows) return suspects;
    return { groups, only: differing(...(await this.read(groups))) };
  }

  hashes({ groups, only }: SuspectGroups): [Hashes, Hashes] {
    const { plan, moment, targetReads } = this.#work;
    const onlyGroups = groups === 1 ? null : only;
    const source = { ...this.#source(groups), onlyGroups };
    const target = { ...this.#target(groups), onlyGroups };
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
