import { reach } from '../../../../protocol/failpoints.ts';
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
import { changeEntry } from './change-entry.ts';
import { cleanUp } from './clean-up.ts';
import { siftDifferences, takeOutDifferences } from './differences/sift.ts';
import { entryOf, readEntries, toRecords, unfit } from './journal.ts';
import { modelOf } from './model-of.ts';
import { promoteGeneration } from './promote.ts';
import { rollBackGeneration } from './rollback.ts';
import { beginGeneration } from './staging.ts';
import { whyUnstaged } from './why-unstaged.ts';

/**
 * Generations as differences that come in by one transaction, as long as they fit into one; and by renaming, where another collection takes the
 * place of the target: what the target had is copied before, since a rename drops it. Everything that has to outlive a crash stands in the
 * journal, by the ids of collections.
 */
export class Generations implements GenerationWriter {
  readonly #destination: Destination;

  constructor(destination: Destination) {
    this.#destination = destination;
  }

  unstaged(target: Target): string | null {
    return whyUnstaged(modelOf(target));
  }

  begin(options: WriteOptions & BeginOptions): Promise<StagedGeneration> {
    return beginGeneration(this.#destination, options);
  }

  async list(request: {
    readonly pipeline: PipelineName;
    readonly signal: AbortSignal;
  }): Promise<readonly GenerationRecord[]> {
    return toRecords(await readEntries(this.#destination, request));
  }

  async promote(
    id: GenerationId,
    targets: readonly Target[],
    options: WriteOptions,
  ): Promise<GenerationRecord> {
    await promoteGeneration(this.#destination, { id, targets, options });
    return await this.#record(id, options);
  }

  /** Of collections that take the target's place nothing is refused any more: that was found when they were filled. */
  async sift(
    id: GenerationId,
    targets: readonly Target[],
    options: WriteOptions,
  ): Promise<readonly RefusedPiece[]> {
    const { lease, signal } = options;
    const entry = await entryOf(this.#destination, id, { pipeline: lease.pipeline, signal });
    return await siftDifferences(this.#destination, entry, { targets, options });
  }

  takeOut(
    id: GenerationId,
    refused: readonly Pick<RefusedPiece, 'target' | 'key'>[],
    options: WriteOptions,
  ): Promise<void> {
    return takeOutDifferences(this.#destination, { id, refused, options });
  }

  async rollback(
    id: GenerationId,
    targets: readonly Target[],
    { changed, forgets = [], ...options }: WriteOptions & RollbackOptions,
  ): Promise<GenerationRecord> {
    await rollBackGeneration(this.#destination, { id, targets, options, changed, forgets });
    return await this.#record(id, options);
  }

  async discard(id: GenerationId, options: WriteOptions): Promise<void> {
    await changeEntry(this.#destination, {
      ...options,
      id,
      from: ['staging', 'staged', 'promoted', 'rolled-back', 'discarded'],
      change: (entry) => {
        reach('generation.discard.before-commit');
        return { ...entry, state: 'discarded' };
      },
    });
    reach('generation.discard.after-commit');
    await cleanUp(this.#destination, options);
  }

  async #record(id: GenerationId, { lease, signal }: WriteOptions): Promise<GenerationRecord> {
    const record = (await this.list({ pipeline: lease.pipeline, signal })).find((each) => each.id === id);
    if (record === undefined) throw unfit(id, 'the destination does not know it any more');
    return record;
  }
}
