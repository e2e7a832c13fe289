import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Key } from '../../protocol/names.ts';
import type { Partition } from '../../protocol/partition.ts';
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

const keysPerPage = 500;

/** What is different in one collection; nothing was written. */
export interface CollectionDifference {
  readonly name: string;
  /** `ranges` and `groups`: hashed at the servers; `rows`: read and hashed here; `whole`: no key, one hash; `absent`: no target yet. */
  readonly method: 'ranges' | 'groups' | 'rows' | 'whole' | 'absent';
  readonly sourceRows: number;
  readonly targetRows: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  readonly clashes: number;
  /** Of all these, keys that have a dead letter: known, and said elsewhere. */
  readonly explainedByLetters: number;
  readonly samples: {
    readonly missing: readonly Key[];
    readonly extra: readonly Key[];
    readonly different: readonly Key[];
  };
}

/** Compares both sides of every collection and says what differs, with samples. */
export async function* findDifferences(
  context: WalkContext,
  plans: readonly CollectionPlan[],
): AsyncIterable<CollectionDifference> {
  const { reader, writer, signal } = context;
  await using moment = new SourceMoment(reader);
  await using targetReads = await retrying(context, { what: 'read', signal }, () =>
    writer.reader.snapshot({ signal }),
  );
  for (const plan of plans) {
    const { pipeline, events } = context;
    const { estimatedRows } = plan.sourceShape;
    events.emit('collection.started', { pipeline, collection: plan.name, estimatedRows, partitions: 0 });
    const target = await retrying(context, { what: `open ${plan.name}`, signal }, () =>
      writer.inspect(plan, { signal }),
    );
    if (target === null) {
      yield absent(plan);
      continue;
    }
    await using _target = target;
    const work = await retrying(context, { what: `open ${plan.name}`, signal }, () =>
      startWork(context, target, { moment, targetReads, lookupAt: 'now' }),
    );
    yield work.plan.key.length === 0 ? await compareWhole(work) : await compareByKey(work);
  }
}

async function compareByKey(work: CollectionWork): Promise<CollectionDifference> {
  const sink = new DifferenceSink(work);
  await compareCollection(work, sink);
  const method = work.agreement === null ? 'rows' : work.sharedOrder ? 'ranges' : 'groups';
  return sink.result(method);
}

async function compareWhole(work: CollectionWork): Promise<CollectionDifference> {
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

const absent = (plan: CollectionPlan): CollectionDifference => ({
  name: plan.name,
  method: 'absent',
  sourceRows: plan.sourceShape.estimatedRows,
  targetRows: 0,
  missing: plan.sourceShape.estimatedRows,
  extra: 0,
  different: 0,
  clashes: 0,
  explainedByLetters: 0,
  samples: { missing: [], extra: [], different: [] },
});

/** Counts confirmed differences and keeps the first of each kind. */
class DifferenceSink implements SuspectSink {
  readonly #work: CollectionWork;
  readonly #samples = { missing: [] as Key[], extra: [] as Key[], different: [] as Key[] };
  #missing = 0;
  #extra = 0;
  #different = 0;
  #clashes = 0;
  #explained = 0;

  constructor(work: CollectionWork) {
    this.#work = work;
  }

  async add(suspects: Suspects, _partition: Partition, _rows: number): Promise<void> {
    const { context, plan } = this.#work;
    const { signal } = context;
    for (const page of inPages(
      [...suspects.missing, ...suspects.different, ...suspects.extra],
      keysPerPage,
    )) {
      const confirmed = await retrying(context, { what: `read ${plan.name}`, signal }, () =>
        confirm(this.#work, page, signal),
      );
      await this.#count(confirmed);
    }
  }

  result(method: CollectionDifference['method']): CollectionDifference {
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
    const explained = await context.store.deadLetters.having(context.pipeline, plan.name, all);
    this.#explained += explained.size;
  }

  #sample(kind: 'missing' | 'extra' | 'different', keys: readonly Key[]): void {
    const samples = this.#samples[kind];
    samples.push(...keys.slice(0, this.#work.context.settings.samples - samples.length));
  }
}

const keysOf = (rows: readonly KeyedRow[]): readonly Key[] => rows.map(({ key }) => key);
