import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Key } from '../../protocol/names.ts';
import type { Partition } from '../../protocol/partition.ts';
import type { ReadSnapshot } from '../../protocol/reader.ts';
import { type CollectionWork, startWork } from './collection-work.ts';
import { compareCollection } from './compare.ts';
import type { SuspectSink } from './compare-partitions.ts';
import { type Confirmed, confirm, type KeyedRow } from './confirm.ts';
import type { WalkContext } from './context.ts';
import { equalAsWhole } from './equal-as-whole.ts';
import type { Suspects } from './hash-join.ts';
import { inPages } from './pages.ts';
import { retrying } from './retrying.ts';
import { SourceMoment } from './source-moment.ts';
import { Spool } from './spool.ts';
import { type StoppedCollection, stoppedCollection } from './stopped-collection.ts';

const keysPerPage = 500;
/** A key that differs in so many looks, each after the stream had caught up, differs. */
const mostRounds = 3;

/** What is different in one collection; nothing was written. */
export interface CollectionDifference {
  readonly name: string;
  /** `ranges` and `groups`: hashed at the servers, or by their connectors; `rows`: read and hashed here; `whole`: no key, one hash; `absent`: no target yet. */
  readonly method: 'ranges' | 'groups' | 'rows' | 'whole' | 'absent';
  readonly sourceRows: number;
  readonly targetRows: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  readonly clashes: number;
  /** Of all these, keys that have a dead letter: known, and said elsewhere. */
  readonly explainedByLetters: number;
  /** Of the others, keys whose leaving a guard holds back. */
  readonly explainedByGuard: number;
  /** Why these differences can't come in as a generation; null: they can, if the destination has any. */
  readonly unstaged: string | null;
  readonly samples: {
    readonly missing: readonly Key[];
    readonly extra: readonly Key[];
    readonly different: readonly Key[];
  };
}

/**
 * Waits until what the source has told by now is at the destination; null: nothing is under way between them. False: it did not come
 * within the time that a stream may take.
 */
export type Settle = (() => Promise<boolean>) | null;

export type Comparison =
  | { readonly kind: 'compared'; readonly difference: CollectionDifference }
  | ({ readonly kind: 'stopped' } & StoppedCollection);

/**
 * Compares both sides of every collection and says what differs, with samples, or why one could not be compared. What is merely under way is
 * waited for.
 */
export async function* findDifferences(
  context: WalkContext,
  plans: readonly CollectionPlan[],
  settle: Settle = null,
): AsyncIterable<Comparison> {
  const { reader, writer, signal } = context;
  await using moment = new SourceMoment(reader);
  await using targetReads = await retrying(context, { what: 'read', signal }, () =>
    writer.reader.snapshot({ signal }),
  );
  for (const plan of plans) {
    const { pipeline, events } = context;
    const { estimatedRows } = plan.sourceShape;
    events.emit('collection.started', { pipeline, collection: plan.name, estimatedRows, partitions: 0 });
    yield await differenceOf(context, plan, { moment, targetReads, settle }).then(
      (difference): Comparison => ({ kind: 'compared', difference }),
      (thrown: unknown): Comparison => ({
        kind: 'stopped',
        ...stoppedCollection(context, plan.name, thrown),
      }),
    );
  }
}

interface Reads {
  readonly moment: SourceMoment;
  readonly targetReads: ReadSnapshot;
  readonly settle: Settle;
}

async function differenceOf(
  context: WalkContext,
  plan: CollectionPlan,
  { moment, targetReads, settle }: Reads,
): Promise<CollectionDifference> {
  const { writer, signal } = context;
  const target = await retrying(context, { what: `open ${plan.name}`, signal }, () =>
    writer.inspect(plan, { signal }),
  );
  if (target === null) return { ...absent(plan), unstaged: null };
  await using _target = target;
  const work = await retrying(context, { what: `open ${plan.name}`, signal }, () =>
    startWork(context, target, { moment, targetReads, lookupAt: 'now' }),
  );
  const difference = work.plan.key.length === 0 ? await compareWhole(work) : await compareByKey(work, settle);
  return { ...difference, unstaged: writer.generations?.unstaged(target) ?? null };
}

type Counted = Omit<CollectionDifference, 'unstaged'>;

async function compareByKey(work: CollectionWork, settle: Settle): Promise<Counted> {
  await using sink = new DifferenceSink(work, settle);
  await compareCollection(work, sink);
  await sink.settle();
  const method = work.agreement === null ? 'rows' : work.sharedOrder ? 'ranges' : 'groups';
  return sink.result(method);
}

async function compareWhole(work: CollectionWork): Promise<Counted> {
  const differs = !(await equalAsWhole(work));
  const { sourceRows, targetRows } = work.tally;
  return {
    ...absent(work.plan),
    method: 'whole',
    sourceRows,
    targetRows,
    missing: differs ? Math.max(0, sourceRows - targetRows) : 0,
    extra: differs ? Math.max(0, targetRows - sourceRows) : 0,
    different: differs && sourceRows === targetRows ? sourceRows : 0,
  };
}

const absent = (plan: CollectionPlan): Counted => ({
  name: plan.name,
  method: 'absent',
  sourceRows: plan.sourceShape.estimatedRows,
  targetRows: 0,
  missing: plan.sourceShape.estimatedRows,
  extra: 0,
  different: 0,
  clashes: 0,
  explainedByLetters: 0,
  explainedByGuard: 0,
  samples: { missing: [], extra: [], different: [] },
});

/** Counts confirmed differences and keeps the first of each kind. */
class DifferenceSink implements SuspectSink, AsyncDisposable {
  readonly #work: CollectionWork;
  readonly #settle: Settle;
  /** Keys that differed when they were read, and may do so only because a change of theirs is under way. */
  #doubtful: Spool | null = null;
  readonly #samples = { missing: [] as Key[], extra: [] as Key[], different: [] as Key[] };
  #missing = 0;
  #extra = 0;
  #different = 0;
  #clashes = 0;
  #explained = 0;
  #held = 0;

  constructor(work: CollectionWork, settle: Settle) {
    this.#work = work;
    this.#settle = settle;
  }

  async add({ missing, different, extra }: Suspects, _partition: Partition, _rows: number): Promise<void> {
    for (const page of inPages([...missing, ...different, ...extra], keysPerPage)) {
      const confirmed = await this.#confirm(page);
      if (this.#settle === null) await this.#count(confirmed);
      else await this.#doubt(keysThatDiffer(confirmed));
    }
  }

  /** What differed is looked at again once the stream has passed what the source had told by then. */
  async settle(): Promise<void> {
    for (let round = 1; this.#settle !== null && this.#doubtful !== null; round += 1) {
      await using doubtful = this.#doubtful;
      this.#doubtful = null;
      const settled = await this.#settle();
      for await (const page of doubtful.pages()) {
        const confirmed = await this.#confirm(page);
        if (!settled || round === mostRounds) await this.#count(confirmed);
        else await this.#doubt(keysThatDiffer(confirmed));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#doubtful?.[Symbol.asyncDispose]();
  }

  #confirm(keys: readonly Key[]): Promise<Confirmed> {
    const { context, plan } = this.#work;
    const { signal } = context;
    return retrying(context, { what: `read ${plan.name}`, signal }, () => confirm(this.#work, keys, signal));
  }

  async #doubt(keys: readonly Key[]): Promise<void> {
    if (keys.length === 0) return;
    this.#doubtful ??= await Spool.create(this.#work.context.spillDirectory);
    await this.#doubtful.add(keys);
  }

  result(method: CollectionDifference['method']): Counted {
    const { plan, tally } = this.#work;
    return {
      name: plan.name,
      method,
      sourceRows: tally.sourceRows,
      targetRows: tally.targetRows,
      missing: this.#missing,
      extra: this.#extra,
      different: this.#different,
      clashes: this.#clashes,
      explainedByLetters: this.#explained,
      explainedByGuard: this.#held,
      samples: this.#samples,
    };
  }

  async #count({ missing, different, extra, clashes, unmappable }: Confirmed): Promise<void> {
    const { context, plan } = this.#work;
    const keeps = plan.leaving.kind === 'keep';
    const leaving = keeps ? [] : extra;
    const lacking = [...keysOf(missing), ...unmappable.map(({ key }) => key)];
    this.#missing += lacking.length;
    this.#different += different.length;
    this.#extra += leaving.length;
    this.#clashes += clashes.length;
    this.#sample('missing', lacking);
    this.#sample('different', keysOf(different));
    this.#sample('extra', leaving);
    const all = [...lacking, ...keysOf(different), ...leaving, ...clashes];
    const { deadLetters, guards } = context.store;
    const explained = await deadLetters.having(context.pipeline, plan.name, all);
    this.#explained += explained.size;
    const others = leaving.filter((key) => !explained.has(key));
    if (others.length > 0) this.#held += (await guards.holding(context.pipeline, plan.name, others)).size;
  }

  #sample(kind: 'missing' | 'extra' | 'different', keys: readonly Key[]): void {
    const samples = this.#samples[kind];
    samples.push(...keys.slice(0, this.#work.context.settings.samples - samples.length));
  }
}

const keysThatDiffer = ({ missing, different, extra, clashes, unmappable }: Confirmed): readonly Key[] => [
  ...keysOf(missing),
  ...keysOf(different),
  ...extra,
  ...clashes,
  ...unmappable.map(({ key }) => key),
];

const keysOf = (rows: readonly KeyedRow[]): readonly Key[] => rows.map(({ key }) => key);
