import type { Digest, DigestAgreement, DigestResult, HashedKey, HashPage } from '../../protocol/digest.ts';
import type { Partition } from '../../protocol/partition.ts';
import { wholeCollection } from '../../protocol/partition.ts';
import type { CollectionWork } from './collection-work.ts';
import { comparePartitionsInLanes, type SuspectSink } from './compare-partitions.ts';
import { paced } from './context.ts';
import { Grain, rowsPerGroup } from './grain.ts';
import { joinHashes } from './hash-join.ts';
import { type OnceAllOptions, onceAllAreFound } from './once-all-are-found.ts';
import { joinInOrder } from './ordered-join.ts';
import { sourcePartitions } from './partitions.ts';

/** As many suspects are told by key and hash at once; more are first narrowed down by smaller groups. */
const directRows = 20_000;
const maxGroups = 1 << 16;
/** Partitions of a collection, where none has more rows than is configured or fewer than are worth the questions that each takes. */
const looks = 64;
const leastRowsPerLook = 25_000;
/** Suspects of one partition in memory; twice as many for a moment. */
const suspectsAtOnce = 50_000;
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
  const { estimatedRows } = work.plan.sourceShape;
  const partitions = work.sharedOrder
    ? await sourcePartitions(work, rowsPerLook(estimatedRows, work.context.settings))
    : [wholeCollection(estimatedRows)];
  const grain = new Grain();
  await comparePartitionsInLanes(work, partitions, (partition, signal) => {
    const digests = new PartitionDigests(work, partition, { agreement, signal });
    return work.sharedOrder && grain.seesRows
      ? compareInOrder(digests, sink)
      : comparePartition(digests, sink, grain);
  });
}

/** What differs is looked for in the whole of its partition once more: the more there are, the less that is. */
const rowsPerLook = (rows: number, { rowsPerPartition }: { readonly rowsPerPartition: number }): number =>
  Math.min(rowsPerPartition, Math.max(leastRowsPerLook, Math.ceil(rows / looks)));

async function compareInOrder(digests: PartitionDigests, sink: SuspectSink): Promise<SideRows> {
  const { partition, signal } = digests;
  let rows: SideRows = { source: 0, target: 0 };
  const onEnd = (both: SideRows) => {
    rows = both;
  };
  const options = { suspectsAtOnce, signal, onEnd };
  const found = joinInOrder(...digests.hashesInOrder(), options);
  for await (const some of onceAllAreFound(found, digests.onceAll))
    await sink.add(some, partition, partition.estimatedRows);
  return rows;
}

async function comparePartition(
  digests: PartitionDigests,
  sink: SuspectSink,
  grain: Grain,
): Promise<SideRows> {
  const { found, rows } = await firstLook(digests, grain);
  grain.learn(rowsOf(found, rows), rows.source);
  const suspects = await digests.narrow(found, rows);
  if (suspects.only.size === 0) return rows;
  const options = digests.joinOptions(rowsOf(suspects, rows));
  for await (const found of joinHashes(...digests.hashes(suspects), options)) {
    await sink.add(found, digests.partition, rows.source);
  }
  return rows;
}

async function firstLook(digests: PartitionDigests, grain: Grain): Promise<Look> {
  if (digests.groupsCost && grain.expectsEqual) {
    const whole = await digests.look(1);
    if (whole.found.only.size === 0) return whole;
  }
  return digests.look(groupsFor(digests.partition.estimatedRows, grain.rowsPerGroup));
}

/** What digests of so many groups showed. */
interface Look {
  readonly found: SuspectGroups;
  readonly rows: SideRows;
}

interface SideRows {
  readonly source: number;
  readonly target: number;
}

/** Rows of some groups, of so many. */
interface SuspectGroups {
  readonly groups: number;
  readonly only: ReadonlySet<number>;
}

/** About how many rows of the larger side these groups have. */
const rowsOf = ({ groups, only }: SuspectGroups, rows: SideRows): number =>
  Math.ceil((Math.max(rows.source, rows.target) * only.size) / groups);

const groupsFor = (rows: number, perGroup: number): number =>
  Math.min(maxGroups, 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(1, rows) / perGroup))));

class PartitionDigests {
  readonly partition: Partition;
  readonly signal: AbortSignal;
  readonly #work: CollectionWork;
  readonly #agreement: DigestAgreement;

  constructor(
    work: CollectionWork,
    partition: Partition,
    { agreement, signal }: { readonly agreement: DigestAgreement; readonly signal: AbortSignal },
  ) {
    this.#work = work;
    this.#agreement = agreement;
    this.partition = partition;
    this.signal = signal;
  }

  get groupsCost(): boolean {
    return this.#agreement.groupsCost;
  }

  async look(groups: number): Promise<Look> {
    const [source, target] = await this.#read(groups);
    const rows = { source: totalRows(source), target: totalRows(target) };
    return { found: { groups, only: differing(source, target) }, rows };
  }

  #read(groups: number): Promise<[DigestResult, DigestResult]> {
    const { context, plan, moment, targetReads } = this.#work;
    return paced(context, () =>
      Promise.all([
        moment.read(this.signal, (snapshot) =>
          snapshot.digest(plan.source, this.partition, this.#source(groups)),
        ),
        targetReads.digest(plan.target, this.partition, this.#target(groups)),
      ]),
    );
  }

  async narrow(suspects: SuspectGroups, rows: SideRows): Promise<SuspectGroups> {
    const groups = groupsFor(Math.max(rows.source, rows.target), rowsPerGroup);
    if (groups <= suspects.groups || rowsOf(suspects, rows) <= directRows) return suspects;
    return (await this.look(groups)).found;
  }

  hashes({ groups, only }: SuspectGroups): [Hashes, Hashes] {
    const { plan, moment, targetReads } = this.#work;
    const onlyGroups = groups === 1 ? null : only;
    const source = { ...this.#source(groups), onlyGroups };
    const target = { ...this.#target(groups), onlyGroups };
    return [
      moment.stream(this.signal, (snapshot) => snapshot.hashes(plan.source, this.partition, source)),
      targetReads.hashes(plan.target, this.partition, target),
    ];
  }

  hashesInOrder(): [AsyncIterable<HashPage>, AsyncIterable<HashPage>] {
    const { plan, moment, targetReads } = this.#work;
    return [
      moment.stream(this.signal, (snapshot) =>
        snapshot.hashesInOrder(plan.source, this.partition, this.#source(1)),
      ),
      targetReads.hashesInOrder(plan.target, this.partition, this.#target(1)),
    ];
  }

  get onceAll(): OnceAllOptions {
    return { spillDirectory: this.#work.context.spillDirectory, atOnce: suspectsAtOnce };
  }

  joinOptions(estimatedRows: number) {
    return {
      estimatedRows,
      spillDirectory: this.#work.context.spillDirectory,
      memoryRows,
      signal: this.signal,
    };
  }

  #source(groups: number) {
    return { ...this.#work.source, groups, agreement: this.#agreement, signal: this.signal };
  }

  #target(groups: number) {
    return { ...this.#work.target.comparison(), groups, agreement: this.#agreement, signal: this.signal };
  }
}

type Hashes = AsyncIterable<readonly HashedKey[]>;

function differing(source: DigestResult, target: DigestResult): ReadonlySet<number> {
  const groups = new Set<number>();
  for (const [group, digest] of source) if (!sameDigest(digest, target.get(group))) groups.add(group);
  for (const [group] of target) if (source.get(group) === undefined) groups.add(group);
  return groups;
}

const sameDigest = (a: Digest, b: Digest | undefined): boolean =>
  b !== undefined && a.rows === b.rows && a.hash === b.hash;

function totalRows(result: DigestResult): number {
  let rows = 0;
  for (const [, digest] of result) rows += digest.rows;
  return rows;
}
