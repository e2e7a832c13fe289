import type {
  BeginOptions,
  GenerationId,
  GenerationRecord,
  GenerationWriter,
  RefusedPiece,
  RollbackOptions,
  StagedGeneration,
} from '../../../../protocol/generation.ts';
import type { PipelineName } from '../../../../protocol/names.ts';
import type { Target, WriteOptions } from '../../../../protocol/writer.ts';
import type { Destination } from '../destination.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { beginGeneration } from './begin.ts';
import { dropKept } from './drop-kept.ts';
import { entryOf, readEntries, toRecords, unfit } from './journal.ts';
import { namingHolders } from './lock-holders.ts';
import { promoteGeneration } from './promote.ts';
import { rollBackGeneration } from './rollback.ts';
import { siftGeneration } from './sift.ts';
import { takeOutOfGeneration } from './take-out.ts';

/**
 * Generations as staged differences: tables of their own in our schema hold what is to be written and, once it is, what was there before.
 * The target stays the same table, so indexes, grants, policies, publications and whatever refers to it stay as they are.
 */
export class Generations implements GenerationWriter {
  readonly #destination: Destination;

  constructor(destination: Destination) {
    this.#destination = destination;
  }

  unstaged(): null {
    return null;
  }

  begin(options: WriteOptions & BeginOptions): Promise<StagedGeneration> {
    return beginGeneration(this.#destination, options);
  }

  list({
    pipeline,
    signal,
  }: {
    readonly pipeline: PipelineName;
    readonly signal: AbortSignal;
  }): Promise<readonly GenerationRecord[]> {
    const { pool, layout } = this.#destination;
    return pool.use(async (session) => toRecords(await readEntries(session, { layout, pipeline, signal })), {
      signal,
    });
  }

  async promote(
    id: GenerationId,
    targets: readonly Target[],
    options: WriteOptions,
  ): Promise<GenerationRecord> {
    await namingHolders(this.#destination, { targets, signal: options.signal }, () =>
      promoteGeneration(this.#destination, { id, targets, options }),
    );
    return await this.#record(id, options);
  }

  sift(
    id: GenerationId,
    targets: readonly Target[],
    options: WriteOptions,
  ): Promise<readonly RefusedPiece[]> {
    return siftGeneration(this.#destination, { id, targets, options });
  }

  takeOut(
    id: GenerationId,
    refused: readonly Pick<RefusedPiece, 'target' | 'key'>[],
    options: WriteOptions,
  ): Promise<void> {
    return takeOutOfGeneration(this.#destination, { id, refused, options });
  }

  async rollback(
    id: GenerationId,
    targets: readonly Target[],
    { changed, forgets = [], ...options }: WriteOptions & RollbackOptions,
  ): Promise<GenerationRecord> {
    const request = { id, targets, options, changed, forgets };
    await namingHolders(this.#destination, { targets, signal: options.signal }, () =>
      rollBackGeneration(this.#destination, request),
    );
    return await this.#record(id, options);
  }

  async discard(id: GenerationId, options: WriteOptions): Promise<void> {
    const { layout, pipeline } = this.#destination;
    const { signal } = options;
    await writeTransaction(
      this.#destination,
      { ...options, point: 'generation.discard' },
      async (session) => {
        const request = { layout, pipeline, signal };
        const entry = await entryOf(session, id, request);
        if (entry.state !== 'discarded') await dropKept(session, entry, request);
      },
    );
  }

  async #record(id: GenerationId, { signal }: WriteOptions): Promise<GenerationRecord> {
    const { pipeline } = this.#destination;
    const record = (await this.list({ pipeline, signal })).find((each) => each.id === id);
    if (record === undefined) throw unfit(id, 'the destination does not know it any more');
    return record;
  }
}
