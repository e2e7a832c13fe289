import type { Change } from '../../protocol/change.ts';
import type { StagedGeneration } from '../../protocol/generation.ts';
import type { Key } from '../../protocol/names.ts';
import { applySplitting } from '../apply/apply-splitting.ts';
import { parkLetters } from '../apply/dead-letters.ts';
import type { CollectionWork } from '../walk/collection-work.ts';
import type { SuspectSink } from '../walk/compare-partitions.ts';
import { type Confirmed, confirm, readExpected } from '../walk/confirm.ts';
import { leaseOf, paced } from '../walk/context.ts';
import type { Suspects } from '../walk/hash-join.ts';
import { inPages } from '../walk/pages.ts';
import { retrying } from '../walk/retrying.ts';
import { clashLetter, type DeferredKeys } from '../walk/write-rows.ts';

/** Larger than a repair's: nothing waits for what is only staged. */
const keysPerPage = 2_000;

export interface StageSinkParts {
  readonly staging: StagedGeneration;
  /** Keys that have a letter: they are tried by themselves, so that what is known to be poison costs nobody a promotion. */
  readonly apart: DeferredKeys;
  readonly leaving: { add(keys: readonly Key[]): Promise<void> };
}

/** Puts aside what belongs and differs; what does not belong is only noted until the whole pass is known. */
export class StageSink implements SuspectSink {
  readonly #work: CollectionWork;
  readonly #parts: StageSinkParts;

  constructor(work: CollectionWork, parts: StageSinkParts) {
    this.#work = work;
    this.#parts = parts;
  }

  async add({ missing, different, extra }: Suspects): Promise<void> {
    const { context, plan } = this.#work;
    const { signal } = context;
    for (const page of inPages([...missing, ...different, ...extra], keysPerPage)) {
      const found = await retrying(context, { what: `read ${plan.name}`, signal }, () => this.#read(page));
      const rows = [...found.missing, ...found.different];
      const lettered = await context.store.deadLetters.having(
        context.pipeline,
        plan.name,
        rows.map(({ key }) => key),
      );
      await this.#parts.apart.add([...lettered]);
      const changes = rows
        .filter(({ key }) => !lettered.has(key))
        .map(({ key, row }): Change => ({ kind: 'upsert', key, row }));
      await paced(context, () => stageChanges(this.#work, this.#parts.staging, changes));
      if (plan.leaving.kind !== 'keep') await this.#parts.leaving.add(found.extra);
      this.#work.tally.clashes += found.clashes.length;
      await parkLetters(context, plan.name, [
        ...found.clashes.map((key) => clashLetter(plan.name, key)),
        ...found.unmappable.map(({ key, error }) => ({ key, code: error.code, message: error.message })),
      ]);
    }
  }

  /** Where no row can be somebody else's, promotion itself finds out what is there and what differs. */
  async #read(keys: readonly Key[]): Promise<Confirmed> {
    const { plan, target, context } = this.#work;
    const { signal } = context;
    if (plan.scope.kind !== 'all') return confirm(this.#work, keys, signal);
    const { rows, unmappable, absent } = await readExpected(this.#work, keys, { signal });
    const present = absent.length === 0 ? new Set<Key>() : await target.present(absent, { signal });
    const extra = absent.filter((key) => present.has(key));
    return { missing: rows, different: [], clashes: [], extra, equal: [], unmappable };
  }
}

/** What can't even be staged gets its letter. */
export async function stageChanges(
  work: CollectionWork,
  staging: StagedGeneration,
  changes: readonly Change[],
): Promise<void> {
  const { context, plan, target } = work;
  const { signal } = context;
  const apply = async (some: readonly Change[]) => {
    await staging.stage(target, some, { lease: leaseOf(context), signal });
    return [];
  };
  const staged = await retrying(context, { what: `stage ${plan.name}`, signal }, () =>
    applySplitting({ apply }, changes, { lease: leaseOf(context), signal }),
  );
  const refused = staged.flatMap(({ change: { key }, outcome }) =>
    outcome.kind === 'failed' ? [{ key, code: outcome.error.code, message: outcome.error.message }] : [],
  );
  await parkLetters(context, plan.name, refused);
}
