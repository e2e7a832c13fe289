import type { Change } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';
import type { Partition } from '../../protocol/partition.ts';
import { noteBeaten } from '../alternatives/note.ts';
import type { CollectionWork } from './collection-work.ts';
import type { SuspectSink } from './compare-partitions.ts';
import { type Confirmed, confirm } from './confirm.ts';
import { paced } from './context.ts';
import { fillPartition } from './fill-partition.ts';
import type { Suspects } from './hash-join.ts';
import { inPages } from './pages.ts';
import { retrying } from './retrying.ts';
import { type DeferredKeys, parkRefused, writeChanges } from './write-rows.ts';

const keysPerPage = 500;
/** From this share of a partition on, reading it in bulk and merging it is cheaper than looking rows up. */
const bulkShare = 0.2;
const bulkRows = 2_000;

/**
 * Makes the target right where it differs: what belongs is inserted or updated at once, what does not is only noted: leaving is decided,
 * counted and guarded when the whole pass is known.
 */
export class RepairSink implements SuspectSink {
  readonly #work: CollectionWork;
  readonly #deferred: DeferredKeys;
  readonly #leaving: { add(keys: readonly Key[]): Promise<void> };

  constructor(
    work: CollectionWork,
    deferred: DeferredKeys,
    leaving: { add(keys: readonly Key[]): Promise<void> },
  ) {
    this.#work = work;
    this.#deferred = deferred;
    this.#leaving = leaving;
  }

  async add(suspects: Suspects, partition: Partition, rows: number): Promise<void> {
    const wanted = suspects.missing.length + suspects.different.length;
    const { signal } = this.#work.context;
    if (wanted >= bulkRows && wanted >= rows * bulkShare) {
      const options = { empty: false, deferred: this.#deferred, signal };
      await paced(this.#work.context, () => fillPartition(this.#work, partition, options));
      // The merge left strangers' rows alone that hold one of our keys; only a look at each key tells which.
      if (this.#work.plan.scope.kind === 'all') return await this.look(suspects.extra);
    }
    await this.look([...suspects.missing, ...suspects.different, ...suspects.extra]);
  }

  /** By reading these keys at both sides. */
  async look(keys: readonly Key[]): Promise<void> {
    const { context, plan } = this.#work;
    for (const page of inPages(keys, keysPerPage)) {
      const confirmed = await retrying(context, { what: `read ${plan.name}`, signal: context.signal }, () =>
        confirm(this.#work, page, context.signal),
      );
      await this.#write(confirmed);
      if (plan.leaving.kind !== 'keep') await this.#leaving.add(confirmed.extra);
    }
  }

  async #write(confirmed: Confirmed): Promise<void> {
    const { missing, different, giving, beaten } = confirmed;
    const { context } = this.#work;
    await noteBeaten(this.#work, beaten);
    const changes: Change[] = [...missing, ...different, ...giving].map(({ key, row }) => ({
      kind: 'upsert',
      key,
      row,
    }));
    const options = { deferred: this.#deferred, signal: context.signal };
    await paced(context, () => writeChanges(this.#work, changes, options));
    await parkRefused(this.#work, confirmed);
  }
}
