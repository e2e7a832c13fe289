import type { Change } from '../../../protocol/change.ts';
import type { Chunk, RowsChunk, StoredForm } from '../../../protocol/chunk.ts';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { Key } from '../../../protocol/names.ts';
import type { Outcome, WriteCounts } from '../../../protocol/outcome.ts';
import type { Partition } from '../../../protocol/partition.ts';
import type { Selection } from '../../../protocol/selection.ts';
import type { Shape } from '../../../protocol/shape.ts';
import type { Row } from '../../../protocol/value.ts';
import type {
  Holder,
  PreparedStep,
  Target,
  WholeAppend,
  WholeOptions,
  WriteOptions,
} from '../../../protocol/writer.ts';
import { idElement } from '../bson/elements.ts';
import { documentColumn, idColumn } from '../names.ts';
import { countRows, isEmpty, type Judgement, judge, present, readStoredForms } from './compare.ts';
import type { Destination } from './destination.ts';
import { holders } from './holders.ts';
import { countedText, type TargetModel } from './model.ts';
import { finishKeys } from './open/finish.ts';
import type { OpenedTarget } from './open/open-target.ts';
import { appendWhole } from './whole/append-whole.ts';
import { applyWindow } from './window/apply-window.ts';
import { append } from './write/append.ts';
import { inOneTransaction } from './write/apply.ts';
import { applyChanges, applyTogether } from './write/apply-changes.ts';
import { merge } from './write/merge.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/** One collection of the destination. Each verb is a file of its own; what they share is the model. */
export class MongodbTarget implements Target {
  readonly startedEmpty: boolean;
  readonly #destination: Destination;
  readonly #model: TargetModel;
  readonly #createdByUs: boolean;

  constructor(destination: Destination, { model, createdByUs, startedEmpty }: OpenedTarget) {
    this.startedEmpty = startedEmpty;
    this.#destination = destination;
    this.#model = model;
    this.#createdByUs = createdByUs;
  }

  /** For windows, which write several targets at once. */
  get model(): TargetModel {
    return this.#model;
  }

  get plan(): CollectionPlan {
    return this.#model.plan;
  }

  get shape(): Shape {
    return this.#model.shape;
  }

  isEmpty(partition: Partition, { signal }: SignalOption): Promise<boolean> {
    return isEmpty(this.#destination.deployment, this.#model, { partition, signal });
  }

  append(chunks: AsyncIterable<Chunk>, options: WriteOptions): Promise<WriteCounts> {
    return append(this.#destination, this.#model, { ...options, chunks });
  }

  merge(chunks: AsyncIterable<Chunk>, options: WriteOptions): Promise<WriteCounts> {
    return merge(this.#destination, this.#model, { ...options, chunks });
  }

  appendWhole(chunks: AsyncIterable<Chunk>, options: WholeOptions): Promise<WholeAppend> {
    const request = { ...options, chunks, createdByUs: this.#createdByUs };
    return appendWhole(this.#destination, this.#model, request);
  }

  /** Every MongoDB collection has a key, and this is for those that have none. */
  async replace(): Promise<WriteCounts> {
    throw new LockstepError('key-missing', { collection: this.#model.collection });
  }

  async apply(
    changes: readonly Change[],
    options: Parameters<Target['apply']>[1],
  ): Promise<readonly Outcome[]> {
    const { position } = options;
    if (position !== undefined) {
      const parts = [{ model: this.#model, changes }];
      const window = { parts, position, marks: new Map(), newestLetter: null };
      const [outcomes = []] = await applyWindow(this.#destination, window, options);
      return outcomes;
    }
    return inOneTransaction(this.#destination, this.#model, { ...options, changes, how: applyChanges });
  }

  applyTogether(changes: readonly Change[], options: WriteOptions): Promise<readonly Outcome[]> {
    return inOneTransaction(this.#destination, this.#model, { ...options, changes, how: applyTogether });
  }

  storedForms({ rows }: RowsChunk): readonly StoredForm[] {
    const { form } = this.#model;
    return rows.map((row) => {
      const document = form.documentOf(row);
      return { key: form.ids.keyOf(idElement(document)), bytes: form.comparedOf(document) };
    });
  }

  readStoredForms(partition: Partition, { signal }: SignalOption): AsyncIterable<readonly StoredForm[]> {
    return readStoredForms(this.#destination.deployment, this.#model, { partition, signal });
  }

  keyOf(row: Row): Key {
    return this.#model.form.keyOf(row);
  }

  holders(rows: readonly Row[], { signal }: SignalOption): Promise<readonly (readonly Holder[])[]> {
    return holders(this.#destination.deployment, this.#model, { rows, signal });
  }

  judge(rows: readonly Row[], { signal }: SignalOption): Promise<readonly Judgement[]> {
    return judge(this.#destination.deployment, this.#model, { rows, signal });
  }

  present(keys: readonly Key[], { signal }: SignalOption): Promise<ReadonlySet<Key>> {
    return present(this.#destination.deployment, this.#model, { keys, signal });
  }

  comparison(): { readonly selection: Selection; readonly keyColumns: readonly string[] } {
    const names = this.#model.form.fields?.kept ?? [documentColumn];
    const columns = [idColumn, ...names].map((name) => ({ name, from: { column: name }, as: null }));
    return { selection: { columns, filter: countedText(this.#model) }, keyColumns: [idColumn] };
  }

  async finish({ step, signal }: Parameters<Target['finish']>[0]): Promise<readonly PreparedStep[]> {
    if (step !== 'keys' || !this.#createdByUs) return [];
    return finishKeys(this.#destination, { model: this.#model, signal });
  }

  countRows({ signal }: SignalOption): Promise<number> {
    return countRows(this.#destination.deployment, this.#model, { signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Sessions belong to the writer; a target holds nothing of its own.
  }
}
