import type { Change } from '../../protocol/change.ts';
import type { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { StagedGeneration } from '../../protocol/generation.ts';
import type { Key } from '../../protocol/names.ts';
import { hasAlternatives } from '../alternatives/choose.ts';
import { noteBeaten } from '../alternatives/note.ts';
import { applySplitting } from '../apply/apply-splitting.ts';
import { parkLetters } from '../apply/dead-letters.ts';
import type { CollectionWork } from '../walk/collection-work.ts';
import type { SuspectSink } from '../walk/compare-partitions.ts';
import { type Confirmed, confirm, readExpected } from '../walk/confirm.ts';
import { leaseOf, paced } from '../walk/context.ts';
import type { Suspects } from '../walk/hash-join.ts';
import { inPages } from '../walk/pages.ts';
import { retrying } from '../walk/retrying.ts';
import { type DeferredKeys, parkRefused } from '../walk/write-rows.ts';

/** Larger than a repair's: nothing waits for what is only staged. */
const keysPerPage = 2_000;

export interface Aside {
  readonly staging: StagedGeneration;
  /**
   * Keys that are tried by themselves once all else is there: those that have a letter, so that what is known to be poison costs nobody a
   * promotion, and those that only another row is in the way of.
   */
  readonly apart: DeferredKeys;
  /** Told what another row is in the way of. */
  readonly blocked: (error: LockstepError) => void;
}

export interface StageSinkParts extends Aside {
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
      await noteBeaten(this.#work, found.beaten);
      const rows = [...found.missing, ...found.different, ...found.giving];
      const lettered = await context.store.deadLetters.having(
        context.pipeline,
        plan.name,
        rows.map(({ key }) => key),
      );
      await this.#parts.apart.add([...lettered]);
      const changes = rows
        .filter(({ key }) => !lettered.has(key))
        .map(({ key, row }): Change => ({ kind: 'upsert', key, row }));
      await paced(context, () => stageChanges(this.#work, this.#parts, changes));
      if (plan.leaving.kind !== 'keep') await this.#parts.leaving.add(found.extra);
      await parkRefused(this.#work, found);
    }
  }

  /** Where no row can be somebody else's, promotion itself finds out what is there and what differs. */
  async #read(keys: readonly Key[]): Promise<Confirmed> {
    const { plan, target, context } = this.#work;
    const { signal } = context;
    if (plan.scope.kind !== 'all' || hasAlternatives(this.#work)) return confirm(this.#work, keys, signal);
    const { rows, unmappable, absent } = await readExpected(this.#work, keys, { signal });
    const present = absent.length === 0 ? new Set<Key>() : await target.present(absent, { signal });
    const extra = absent.filter((key) => present.has(key));
    return {
      missing: rows,
      different: [],
      clashes: [],
      extra,
      equal: [],
      unmappable,
      giving: [],
      beaten: new Map(),
    };
  }
}

/**
 * What can't even be staged gets its letter; what another row holds back waits for the end of the pass: that row may leave or change in the
 * same generation.
 */
export async function stageChanges(
  work: CollectionWork,
  { staging, apart, blocked: tell }: Aside,
  changes: readonly Change[],
): Promise<void> {
  const { context, plan } = work;
  const refused = [...(await stageApart(work, staging, changes))];
  const blocked = refused.filter(([, error]) => error.class === 'deferred');
  for (const [, error] of blocked) tell(error);
  await apart.add(blocked.map(([key]) => key));
  const poisoned = refused.filter(([, error]) => error.class !== 'deferred');
  const letters = poisoned.map(([key, { code, message }]) => ({ key, code, message }));
  await parkLetters(context, plan.name, letters);
}

/** Returns what was refused, by key: of these changes and, where it was found only now, of earlier ones. */
async function stageApart(
  { context, plan, target }: CollectionWork,
  staging: StagedGeneration,
  changes: readonly Change[],
): Promise<ReadonlyMap<Key, LockstepError>> {
  const { signal } = context;
  const options = { lease: leaseOf(context), signal };
  const refused = new Map<Key, LockstepError>();
  const apply = async (some: readonly Change[]) => {
    for (const { key, error } of await staging.stage(target, some, options)) refused.set(key, error);
    return [];
  };
  const staged = await retrying(context, { what: `stage ${plan.name}`, signal }, () =>
    applySplitting({ apply }, changes, options),
  );
  for (const { change, outcome } of staged)
    if (outcome.kind === 'failed') refused.set(change.key, outcome.error);
  return refused;
}
