import type { Partition } from '../../protocol/partition.ts';
import { wholeCollection } from '../../protocol/partition.ts';
import type { CollectionWork } from './collection-work.ts';
import { comparePartitionsInLanes, type SuspectSink } from './compare-partitions.ts';
import { paced } from './context.ts';
import type { GroupAgreement } from './group-agreement.ts';
import { GroupSums } from './group-sums.ts';
import { joinHashes } from './hash-join.ts';
import type { ProvenGroups, Sights } from './proven-groups.ts';
import { groupedHashes, sourceHashes } from './stored-hashes.ts';

/** What is known of a collection, and how its groups are asked for. */
export interface Knowledge {
  readonly proven: ProvenGroups;
  readonly agreement: GroupAgreement;
}

const memoryRows = 50_000;

interface Rows {
  readonly source: number;
  readonly target: number;
}

/** Compares rows that a function maps, by reading only those groups that are not known to be equal. */
export async function compareProven(
  work: CollectionWork,
  knowledge: Knowledge,
  sink: SuspectSink,
): Promise<void> {
  const everything = [wholeCollection(work.plan.sourceShape.estimatedRows)];
  await comparePartitionsInLanes(work, everything, (partition, signal) =>
    compareOnce(work, knowledge, { sink, partition, signal }),
  );
}

interface Attempt {
  readonly sink: SuspectSink;
  readonly partition: Partition;
  readonly signal: AbortSignal;
}

async function compareOnce(
  work: CollectionWork,
  knowledge: Knowledge,
  { sink, partition, signal }: Attempt,
): Promise<Rows> {
  const { proven } = knowledge;
  const sights = await look(work, knowledge, signal);
  const { generation } = work.moment;
  const { source } = sights;
  const only = proven.open(sights);
  const rows = { source: source.total, target: sights.target?.total ?? 0 };
  if (only?.size === 0) return rows;
  const target = new GroupSums(proven.groups);
  const differing = new Set<number>();
  let lacksRows = false;
  const sides = [
    sourceHashes(work, signal, only === null ? undefined : { ...sourceGroups(work, knowledge), only }),
    groupedHashes(work, { ...targetGroups(knowledge), only, signal }, target),
  ] as const;
  for await (const suspects of joinHashes(...sides, joinOptions(work, rowsIn(source, only), signal))) {
    for (const group of suspects.groups) differing.add(group);
    lacksRows ||= suspects.missing.length > 0;
    await sink.add(suspects, partition, rows.source);
  }
  // Digest and rows of the source were one moment, unless that was lost between them.
  if (work.moment.generation === generation) proven.learn(only, { source, target, differing, lacksRows });
  return only === null ? { ...rows, target: target.total } : rows;
}

/** The target is not asked while nothing is known: everything will be read. */
async function look(work: CollectionWork, knowledge: Knowledge, signal: AbortSignal): Promise<Sights> {
  const { context, plan, moment, targetReads } = work;
  const { groups, knowsAny } = knowledge.proven;
  const everything = wholeCollection(plan.sourceShape.estimatedRows);
  const query = { groups, signal };
  const [source, target] = await paced(context, () =>
    Promise.all([
      moment.read(signal, (snapshot) =>
        snapshot.digest(plan.source, everything, { ...query, ...sourceGroups(work, knowledge) }),
      ),
      knowsAny
        ? targetReads.digest(plan.target, everything, {
            ...query,
            ...work.target.comparison(),
            agreement: knowledge.agreement.target,
          })
        : null,
    ]),
  );
  return {
    source: GroupSums.of(source, groups),
    target: target === null ? null : GroupSums.of(target, groups),
  };
}

const sourceGroups = ({ source }: CollectionWork, { proven: { groups }, agreement }: Knowledge) => ({
  ...source,
  groups,
  agreement: agreement.source,
});

const targetGroups = ({ proven: { groups }, agreement }: Knowledge) => ({
  groups,
  agreement: agreement.target,
});

function rowsIn(sums: GroupSums, only: ReadonlySet<number> | null): number {
  if (only === null) return sums.total;
  let rows = 0;
  for (const group of only) rows += sums.rowsOf(group);
  return rows;
}

const joinOptions = ({ context }: CollectionWork, estimatedRows: number, signal: AbortSignal) => ({
  estimatedRows,
  spillDirectory: context.spillDirectory,
  memoryRows,
  signal,
});
