import { z } from 'zod';
import type { CheckpointEntry } from '../../protocol/control-store.ts';
import { type Partition, partitionSchema } from '../../protocol/partition.ts';
import type { WalkContext } from './context.ts';

/**
 * What an unfinished pass has done, in the control store. It only saves work: a pass that loses it, or finds an older copy of it, compares
 * what it could have skipped.
 *
 * - `pass` / `current`: which destination it was filling
 * - `collections` / NAME: how far a collection is, under which fingerprint
 * - `partitions/NAME` / ID: one partition and whether its rows are in
 */
const passSchema = z.strictObject({ stateId: z.string(), sourceId: z.string(), startedAtMs: z.number() });
const collectionSchema = z.strictObject({ fingerprint: z.string(), phase: z.enum(['copying', 'filled']) });
const partitionRecordSchema = z.strictObject({ partition: partitionSchema, done: z.boolean() });

export type CollectionPhase = z.infer<typeof collectionSchema>['phase'];

export class PassProgress {
  readonly #context: WalkContext;
  /** An earlier process left this pass unfinished: what it finished was read at another moment. */
  readonly resumed: boolean;

  private constructor(context: WalkContext, resumed: boolean) {
    this.#context = context;
    this.resumed = resumed;
  }

  /** Goes on with the pass that the store knows, if source and destination are still those it was about; else begins one. */
  static async open(
    context: WalkContext,
    identity: { stateId: string; sourceId: string },
  ): Promise<PassProgress> {
    const { store, pipeline } = context;
    const known = passSchema.safeParse(await store.checkpoints.get(pipeline, 'pass', 'current'));
    if (
      known.success &&
      known.data.stateId === identity.stateId &&
      known.data.sourceId === identity.sourceId
    ) {
      return new PassProgress(context, true);
    }
    const progress = new PassProgress(context, false);
    await progress.clear();
    await progress.#save([
      { space: 'pass', name: 'current', value: { ...identity, startedAtMs: context.clock.now() } },
    ]);
    return progress;
  }

  /** Null: not begun, or begun under another configuration. */
  async phaseOf(collection: string, fingerprint: string): Promise<CollectionPhase | null> {
    const { store, pipeline } = this.#context;
    const known = collectionSchema.safeParse(
      await store.checkpoints.get(pipeline, 'collections', collection),
    );
    return known.success && known.data.fingerprint === fingerprint ? known.data.phase : null;
  }

  /** Begins copying: whatever was known of the collection's partitions is replaced. */
  async startCopy(collection: string, fingerprint: string, partitions: readonly Partition[]): Promise<void> {
    const { store, pipeline, fence } = this.#context;
    await store.checkpoints.clear({ pipeline, fence }, `partitions/${collection}`);
    await this.#save([
      ...partitions.map((partition) => partitionEntry(collection, partition, false)),
      { space: 'collections', name: collection, value: { fingerprint, phase: 'copying' } },
    ]);
  }

  async openPartitions(collection: string): Promise<readonly Partition[]> {
    const { store, pipeline } = this.#context;
    const entries = await store.checkpoints.list(pipeline, `partitions/${collection}`);
    return entries
      .map(({ value }) => partitionRecordSchema.parse(value))
      .filter(({ done }) => !done)
      .map(({ partition }) => partition);
  }

  finishPartition(collection: string, partition: Partition): Promise<void> {
    return this.#save([partitionEntry(collection, partition, true)]);
  }

  finishCopy(collection: string, fingerprint: string): Promise<void> {
    return this.#save([{ space: 'collections', name: collection, value: { fingerprint, phase: 'filled' } }]);
  }

  /** The pass is over, or not to be gone on with. */
  async clear(): Promise<void> {
    const { store, pipeline, fence } = this.#context;
    for (const space of ['pass', 'collections', 'partitions'])
      await store.checkpoints.clear({ pipeline, fence }, space);
  }

  async #save(entries: readonly CheckpointEntry[]): Promise<void> {
    const { store, pipeline, fence } = this.#context;
    await store.checkpoints.save({ pipeline, fence }, entries);
  }
}

const partitionEntry = (collection: string, partition: Partition, done: boolean): CheckpointEntry => ({
  space: `partitions/${collection}`,
  name: partition.id,
  value: { partition: { ...partition }, done },
});
