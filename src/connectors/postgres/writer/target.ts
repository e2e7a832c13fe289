import type { Change } from '../../../protocol/change.ts';
import type { Chunk, GroupedForm, RowsChunk, StoredForm } from '../../../protocol/chunk.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { Key } from '../../../protocol/names.ts';
import type { Outcome, WriteCounts } from '../../../protocol/outcome.ts';
import type { Partition } from '../../../protocol/partition.ts';
import type { Selection } from '../../../protocol/selection.ts';
import type { Shape } from '../../../protocol/shape.ts';
import type { Row } from '../../../protocol/value.ts';
import type {
  GroupedQuery,
  Holder,
  PreparedStep,
  Target,
  WholeAppend,
  WholeOptions,
  WriteOptions,
} from '../../../protocol/writer.ts';
import { orderOf } from '../catalog/key-choice.ts';
import { toShape } from '../catalog/to-shape.ts';
import { holders, type Judgement, judge } from './compare/judge.ts';
import { keyOf } from './compare/key-of.ts';
import { countRows, isEmpty, present } from './compare/presence.ts';
import { readGroupedForms, readStoredForms, storedForms } from './compare/stored-forms.ts';
import type { Destination } from './destination.ts';
import { finishKeys, finishReferences, finishSequences } from './finish/finish.ts';
import { countsFilter } from './model/expressions.ts';
import { refreshModel } from './model/make-model.ts';
import { insertable, type TargetModel } from './model/target-model.ts';
import type { OpenedTarget } from './open/open-target.ts';
import { appendWhole } from './rebuild/append-whole.ts';
import { applyTogether } from './together/apply-together.ts';
import { append } from './write/append.ts';
import { apply } from './write/apply.ts';
import { merge } from './write/merge.ts';
import { replace } from './write/replace.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

export interface TargetParts {
  readonly destination: Destination;
  readonly opened: OpenedTarget;
  /** All plans that the writer opened so far. */
  readonly plans: () => readonly CollectionPlan[];
}

/** One table of the destination. Each verb is a file of its own; what they share is the model. */
export class PostgresTarget implements Target {
  readonly startedEmpty: boolean;
  readonly #destination: Destination;
  readonly #createdByUs: boolean;
  readonly #plans: () => readonly CollectionPlan[];
  /** Rows came in bulk, so the planner's statistics mean nothing any more. */
  #filled = false;
  /** Made anew once keys are built: until then the table has none. */
  #model: TargetModel;

  constructor({ destination, opened, plans }: TargetParts) {
    this.startedEmpty = opened.startedEmpty;
    this.#destination = destination;
    this.#createdByUs = opened.createdByUs;
    this.#plans = plans;
    this.#model = opened.model;
  }

  /** For windows, which write several targets at once. */
  get model(): TargetModel {
    return this.#model;
  }

  get plan(): CollectionPlan {
    return this.#model.plan;
  }

  /** The key is the plan's: a table that is being filled gets its own only afterwards. */
  get shape(): Shape {
    const { table, plan } = this.#model;
    const key = plan.key.length === 0 ? null : { columns: plan.key, order: orderOf(table, plan.key) };
    return { ...toShape(table), key };
  }

  isEmpty(partition: Partition, { signal }: SignalOption): Promise<boolean> {
    return isEmpty(this.#destination, this.#model, { partition, signal });
  }

  append(chunks: AsyncIterable<Chunk>, options: WriteOptions): Promise<WriteCounts> {
    this.#filled = true;
    return append(this.#destination, this.#model, { ...options, chunks });
  }

  async appendWhole(chunks: AsyncIterable<Chunk>, options: WholeOptions): Promise<WholeAppend> {
    const request = { ...options, chunks, createdByUs: this.#createdByUs };
    const outcome = await appendWhole(this.#destination, this.#model, request);
    if (outcome.kind === 'appended') this.#filled = true;
    return outcome;
  }

  merge(chunks: AsyncIterable<Chunk>, options: WriteOptions): Promise<WriteCounts> {
    this.#filled = true;
    return merge(this.#destination, this.#model, { ...options, chunks });
  }

  replace(chunks: AsyncIterable<Chunk>, options: WriteOptions): Promise<WriteCounts> {
    this.#filled = true;
    return replace(this.#destination, this.#model, { ...options, chunks });
  }

  apply(changes: readonly Change[], options: Parameters<Target['apply']>[1]): Promise<readonly Outcome[]> {
    return apply(this.#destination, this.#model, { ...options, changes });
  }

  applyTogether(changes: readonly Change[], options: WriteOptions): Promise<readonly Outcome[]> {
    return applyTogether(this.#destination, this.#model, { ...options, changes });
  }

  storedForms(chunk: RowsChunk): readonly StoredForm[] {
    return storedForms(this.#model, chunk);
  }

  readStoredForms(partition: Partition, { signal }: SignalOption): AsyncIterable<readonly StoredForm[]> {
    return readStoredForms(this.#destination, this.#model, { partition, signal });
  }

  readGroupedForms(query: GroupedQuery): AsyncIterable<readonly GroupedForm[]> {
    return readGroupedForms(this.#destination, this.#model, { ...query, ...this.comparison() });
  }

  keyOf(row: Row): Key {
    return keyOf(this.#model, row);
  }

  holders(rows: readonly Row[], { signal }: SignalOption): Promise<readonly (readonly Holder[])[]> {
    return holders(this.#destination, this.#model, { rows, signal });
  }

  judge(rows: readonly Row[], { signal }: SignalOption): Promise<readonly Judgement[]> {
    return judge(this.#destination, this.#model, { rows, signal });
  }

  present(keys: readonly Key[], { signal }: SignalOption): Promise<ReadonlySet<Key>> {
    return present(this.#destination, this.#model, { keys, signal });
  }

  comparison(): { readonly selection: Selection; readonly keyColumns: readonly string[] } {
    const columns = insertable(this.#model).map(({ name }) => ({ name, from: { column: name }, as: null }));
    return { selection: { columns, filter: countsFilter(this.#model) }, keyColumns: this.#model.plan.key };
  }

  async finish(options: Parameters<Target['finish']>[0]): Promise<readonly PreparedStep[]> {
    const { lease, signal, sourceNow, step } = options;
    const request = {
      model: this.#model,
      createdByUs: this.#createdByUs,
      filled: this.#filled,
      lease,
      signal,
    };
    switch (step) {
      case 'keys': {
        const steps = await finishKeys(this.#destination, request);
        if (steps.length > 0) await this.#refresh({ signal });
        return steps;
      }
      case 'references':
        return finishReferences(this.#destination, { ...request, plans: this.#plans() });
      case 'sequences':
        return finishSequences(this.#destination, { ...request, sourceNow });
    }
  }

  countRows({ signal }: SignalOption): Promise<number> {
    return countRows(this.#destination, this.#model, { signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Sessions belong to the writer's pool; a target holds nothing of its own.
  }

  async #refresh(options: SignalOption): Promise<void> {
    this.#model = await this.#destination.pool.use(
      (session) => refreshModel(session, this.#model, options),
      options,
    );
  }
}
