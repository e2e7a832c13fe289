import type { Change } from '../../../../protocol/change.ts';
import type { Chunk } from '../../../../protocol/chunk.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type {
  BeginOptions,
  GenerationId,
  GenerationRecord,
  RefusedRow,
  SealOptions,
  StagedGeneration,
} from '../../../../protocol/generation.ts';
import type { Target, WriteOptions } from '../../../../protocol/writer.ts';
import { countRows } from '../compare.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { changeEntry } from './change-entry.ts';
import { cleanUp } from './clean-up.ts';
import { collectionId } from './collection-id.ts';
import { contentOf } from './content.ts';
import { stageDifferences } from './differences/stage.ts';
import type { RefusedKeys } from './differences/write-apart.ts';
import { fillStaging } from './fill.ts';
import {
  collectionIn,
  entryId,
  entryOf,
  type JournalCollection,
  type JournalEntry,
  journalOf,
  keepEntry,
  readEntries,
  toRecord,
  withCollection,
} from './journal.ts';
import { modelOf } from './model-of.ts';
import { Turns } from './turns.ts';

/** Records of generations of which nothing is kept any more. */
const mostRecords = 100;

/** Begins one; drops what was staged before. */
export async function beginGeneration(
  destination: Destination,
  options: WriteOptions & BeginOptions,
): Promise<StagedGeneration> {
  const id = await writeTransaction(destination, options, async (session) => {
    const { lease, signal } = options;
    const entries = await readEntries(destination, { pipeline: lease.pipeline, signal, session });
    for (const entry of entries)
      if (entry.state === 'staging' || entry.state === 'staged')
        await keepEntry(destination, { ...entry, state: 'discarded' }, session);
    const number = (entries[0]?._id.number ?? 0) + 1;
    await keepEntry(destination, newEntry(number, options), session);
    await forgetOld(destination, { entries, session });
    reach('generation.begin.before-commit');
    return number;
  });
  reach('generation.begin.after-commit');
  await cleanUp(destination, options);
  return new Staging(destination, id);
}

function newEntry(
  number: GenerationId,
  { lease, readAtMs, positions }: WriteOptions & BeginOptions,
): JournalEntry {
  return {
    _id: entryId(lease.pipeline, number),
    state: 'staging',
    fence: lease.fence,
    readAtMs: Math.round(readAtMs),
    promotedAtMs: null,
    rolledBackAtMs: null,
    held: null,
    attempts: 0,
    positions: positions === null ? null : [...positions].map(([shard, position]) => ({ shard, position })),
    quietSince: null,
    collections: [],
  };
}

async function forgetOld(
  destination: Destination,
  {
    entries,
    session,
  }: { readonly entries: readonly JournalEntry[]; readonly session: Parameters<typeof keepEntry>[2] },
): Promise<void> {
  const old = entries.slice(mostRecords).filter(({ state }) => state === 'discarded');
  const ids = old.map(({ _id }) => _id);
  if (ids.length > 0) await journalOf(destination).deleteMany({ _id: { $in: ids } }, { session });
}

class Staging implements StagedGeneration {
  readonly id: GenerationId;
  readonly #destination: Destination;
  readonly #joined = new Map<Target, string>();
  readonly #turns = new Turns();
  /** Until they are told: an attempt that noted them may end by a failure that is nobody's fault, and the next finds the copy made. */
  readonly #refused = new Map<Target, RefusedKeys>();

  constructor(destination: Destination, id: GenerationId) {
    this.id = id;
    this.#destination = destination;
  }

  async join(target: Target, options: WriteOptions): Promise<void> {
    const model = modelOf(target);
    const joined = await this.#newCollection(model, options);
    await this.#change(options, (entry) => {
      const others = entry.collections.filter(({ collection }) => collection !== joined.collection);
      const place = 1 + Math.max(0, ...entry.collections.map((each) => each.place));
      reach('generation.join.before-commit');
      return { ...entry, collections: [...others, { ...joined, place }] };
    });
    reach('generation.join.after-commit');
    this.#joined.set(target, joined.collection);
  }

  async stage(
    target: Target,
    changes: readonly Change[],
    options: WriteOptions,
  ): Promise<readonly RefusedRow[]> {
    if (changes.length === 0) return [];
    const model = modelOf(target);
    const collection = this.#nameOf(target);
    return await this.#turns.take(async () => {
      const refused: RefusedKeys = this.#refused.get(target) ?? new Map();
      this.#refused.set(target, refused);
      const request = { ...options, generation: this.id, collection, model, changes, refused };
      await stageDifferences(this.#destination, request);
      this.#refused.delete(target);
      return [...refused].map(([key, error]) => ({ key, error }));
    });
  }

  async fill(
    target: Target,
    chunks: AsyncIterable<Chunk>,
    { keepsFormer, ...options }: WriteOptions & { readonly keepsFormer: boolean },
  ): Promise<void> {
    const model = modelOf(target);
    const { place } = await this.#collectionOf(target, options);
    const request = { ...options, generation: this.id, place, model, chunks };
    const { staging, rows } = await fillStaging(this.#destination, request);
    await this.#changeOne(target, options, (each) => ({
      ...each,
      ...{ kind: 'swap', staging, rows, keepsFormer },
    }));
  }

  /** What was made for it is dropped with all else that nothing needs. */
  async clear(target: Target, options: WriteOptions): Promise<void> {
    const anew = await this.#newCollection(modelOf(target), options);
    await this.#changeOne(target, options, ({ place }) => ({ ...anew, place }));
    this.#refused.delete(target);
    await cleanUp(this.#destination, options);
  }

  async seal({ held, targets, ...options }: WriteOptions & SealOptions): Promise<GenerationRecord> {
    const { signal, lease } = options;
    const { deployment } = this.#destination;
    const entry = await entryOf(this.#destination, this.id, { pipeline: lease.pipeline, signal });
    const counted: JournalCollection[] = [];
    for (const target of targets) {
      const each = entry.collections.find(({ collection }) => collection === target.plan.name);
      if (each === undefined) continue;
      if (each.staging === null) {
        if (each.rows + each.leaving > 0) counted.push(each);
        continue;
      }
      const content = await contentOf(deployment, each.staging.name, { signal });
      const leaving =
        each.kind === 'copy' ? each.leaving : await countRows(deployment, modelOf(target), { signal });
      counted.push({ ...each, content, leaving });
    }
    const sealed = await this.#change(options, (found) => {
      reach('generation.seal.before-commit');
      return { ...found, state: 'staged', held, collections: counted };
    });
    reach('generation.seal.after-commit');
    return toRecord(sealed, false);
  }

  async #newCollection(model: TargetModel, { signal }: WriteOptions): Promise<JournalCollection> {
    const { plan, collection: target } = model;
    const former = await collectionId(this.#destination.deployment, target, { signal });
    if (former === null)
      throw new LockstepError('collection-unknown', { side: 'destination', collection: target, nearest: '' });
    return {
      kind: 'differences',
      mayBeCopied: plan.scope.kind === 'all',
      collection: plan.name,
      target,
      former,
      fingerprint: plan.fingerprint,
      place: 0,
      staging: null,
      keepsFormer: false,
      backup: null,
      kept: { rows: null, leaves: null, before: null, came: null },
      bytes: 0,
      copiedAt: null,
      content: null,
      stays: false,
      lockedMs: null,
      rows: 0,
      leaving: 0,
      inserted: null,
      updated: null,
      left: null,
    };
  }

  async #collectionOf(target: Target, { lease, signal }: WriteOptions): Promise<JournalCollection> {
    const entry = await entryOf(this.#destination, this.id, { pipeline: lease.pipeline, signal });
    return collectionIn(entry, this.#nameOf(target));
  }

  #nameOf(target: Target): string {
    const name = this.#joined.get(target);
    if (name !== undefined) return name;
    throw new LockstepError('internal', { detail: `${target.plan.name} is not part of this generation` });
  }

  async #changeOne(
    target: Target,
    options: WriteOptions,
    change: (collection: JournalCollection) => JournalCollection,
  ): Promise<void> {
    const name = this.#nameOf(target);
    await this.#change(options, (entry) => withCollection(entry, change(collectionIn(entry, name))));
  }

  /** Whose sealing was in doubt finds it staged. */
  #change(options: WriteOptions, change: (entry: JournalEntry) => JournalEntry): Promise<JournalEntry> {
    return changeEntry(this.#destination, { ...options, id: this.id, from: ['staging', 'staged'], change });
  }
}
