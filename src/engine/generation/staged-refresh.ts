import type { Chunk } from '../../protocol/chunk.ts';
import type { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type {
  GenerationRecord,
  GenerationWriter,
  RefusedPiece,
  RefusedRow,
  StagedGeneration,
} from '../../protocol/generation.ts';
import type { Position, Shard } from '../../protocol/names.ts';
import { type Letter, parkLetters } from '../apply/dead-letters.ts';
import type { SuspectSink } from '../walk/compare-partitions.ts';
import { leaseOf, type WalkContext } from '../walk/context.ts';
import { DirectRefresh } from '../walk/direct-refresh.ts';
import type { LeavingGuard } from '../walk/guard.ts';
import { leaveKeys } from '../walk/leave.ts';
import type { Member } from '../walk/member.ts';
import { type BroughtIn, nothingLeft, type Refresh } from '../walk/refresh.ts';
import type { Replacing } from '../walk/replace.ts';
import { retrying } from '../walk/retrying.ts';
import { promoteSifting } from './promote-sifting.ts';
import { type Aside, StageSink, stageChanges } from './stage-sink.ts';

export interface StagedRefreshParts {
  readonly generations: GenerationWriter;
  readonly guard: LeavingGuard;
  /** Where a stream goes on afterwards; null: none does. */
  readonly streamFrom: ReadonlyMap<Shard, Position> | null;
}

/**
 * What differs is put aside while the pass reads, and brought in by one transaction over all collections once everything is known: readers
 * see the old state or the new one. A guard that holds something back holds all of it; where a stream follows, it holds back only that,
 * because the stream can't wait.
 */
export class StagedRefresh implements Refresh {
  readonly swaps = true;
  /** For targets whose differences can't be put aside. */
  readonly #direct: DirectRefresh;
  readonly #context: WalkContext;
  readonly #generations: GenerationWriter;
  readonly #guard: LeavingGuard;
  readonly #streamFrom: StagedRefreshParts['streamFrom'];
  #staging: Promise<StagedGeneration> | null = null;
  readonly #joined = new Set<Member>();
  readonly #held = new Set<Member>();
  /** By collection: what the first row was refused for that waits for others. */
  readonly #blocking = new Map<string, LockstepError>();

  constructor(context: WalkContext, { generations, guard, streamFrom }: StagedRefreshParts) {
    this.#context = context;
    this.#generations = generations;
    this.#guard = guard;
    this.#direct = new DirectRefresh(guard);
    this.#streamFrom = streamFrom;
  }

  async sink(member: Member): Promise<SuspectSink> {
    if (this.#generations.unstaged(member.work.target) !== null) return await this.#direct.sink(member);
    const staging = await this.#open();
    await this.#join(member, staging);
    return new StageSink(member.work, { ...this.#aside(member, staging), leaving: member.leaving });
  }

  replacing(member: Member): Replacing {
    const stage = async (chunks: () => AsyncIterable<Chunk>): Promise<void> => {
      const staging = await this.#open();
      await this.#join(member, staging);
      const { target, plan } = member.work;
      const keepsFormer = this.#context.settings.refresh.keep > 0;
      await this.#retrying(`stage ${plan.name}`, () =>
        staging.fill(target, chunks(), { ...this.#options(), keepsFormer }),
      );
    };
    const hold = async (chunks: () => AsyncIterable<Chunk>): Promise<void> => {
      await stage(chunks);
      this.#held.add(member);
    };
    return { guard: this.#guard, replace: stage, hold };
  }

  /** What was staged of it before is forgotten. */
  async #join(member: Member, staging: StagedGeneration): Promise<void> {
    const { target, plan } = member.work;
    const isNew = !this.#joined.has(member);
    await this.#retrying(`stage ${plan.name}`, () =>
      isNew ? staging.join(target, this.#options()) : staging.clear(target, this.#options()),
    );
    this.#joined.add(member);
    this.#held.delete(member);
  }

  async leave(member: Member): Promise<void> {
    if (this.#generations.unstaged(member.work.target) !== null) return await this.#direct.leave(member);
    // A target that was only just filled has nothing that could leave.
    if (!this.#joined.has(member)) return;
    const { work, leaving } = member;
    const staging = await this.#open();
    const isHeld = await leaveKeys(work, leaving, {
      guard: this.#guard,
      writesHeld: this.#streamFrom === null,
      write: (changes) => stageChanges(work, this.#aside(member, staging), changes),
    });
    if (isHeld) this.#held.add(member);
  }

  #aside({ plan, deferred: apart }: Member, staging: StagedGeneration): Aside {
    const blocked = (error: LockstepError): void => {
      if (!this.#blocking.has(plan.name)) this.#blocking.set(plan.name, error);
    };
    return { staging, apart, blocked };
  }

  async bringIn(members: readonly Member[]): Promise<BroughtIn> {
    if (this.#staging === null) return nothingLeft;
    const staging = await this.#staging;
    const held = this.#whyHeld(members);
    const joined = members.filter((member) => this.#joined.has(member));
    const targets = joined.map(({ work }) => work.target);
    const sealed = await this.#retrying('seal the generation', () =>
      staging.seal({ ...this.#options(), targets, held }),
    );
    if (held !== null) {
      await this.#parkBlocked(joined);
      this.#tellHeld(sealed, held);
      return { ...nothingLeft, waiting: new Set(joined) };
    }
    const refused = new Map<Member, LockstepError>();
    if (isEmpty(sealed)) await this.#discard(sealed.id);
    else await this.#promote(sealed.id, joined, refused);
    for (const member of joined)
      if (!this.#held.has(member) && !refused.has(member)) await this.#guard.clear(member.work);
    return { ...nothingLeft, refused };
  }

  /** One that failed afterwards is no part of what is brought in, and holds nothing back. */
  #whyHeld(members: readonly Member[]): string | null {
    const held = members.filter((member) => this.#held.has(member));
    if (held.length === 0 || this.#streamFrom !== null) return null;
    return `more would leave ${held.map(({ plan }) => plan.name).join(', ')} than may`;
  }

  async #promote(id: number, members: readonly Member[], wholes: Map<Member, LockstepError>): Promise<void> {
    const promoted = await promoteSifting(this.#context, {
      generations: this.#generations,
      id,
      targets: members.map(({ work }) => work.target),
      signal: this.#context.signal,
      note: (refused) => this.#note(refused, members, wholes),
    });
    this.#count(promoted, members);
  }

  /** What is refused for a reason of its own gets its letter; the rest is tried again by itself once all else is there. */
  async #note(
    refused: readonly RefusedPiece[],
    members: readonly Member[],
    wholes: Map<Member, LockstepError>,
  ): Promise<void> {
    for (const member of members) {
      const own = refused.flatMap(({ target, key, error }) => {
        if (target !== member.work.target) return [];
        if (key === null) wholes.set(member, error);
        return key === null ? [] : [{ key, error }];
      });
      const [blocked, poisoned] = [own.filter(isDeferred), own.filter((each) => !isDeferred(each))];
      await member.deferred.add(blocked.map(({ key }) => key));
      await parkLetters(this.#context, member.plan.name, poisoned.map(letterOf));
    }
  }

  /** It comes in as it is staged or not at all, and until then nothing tries what a row of it blocked. */
  async #parkBlocked(members: readonly Member[]): Promise<void> {
    const { store, pipeline } = this.#context;
    for (const { plan, deferred } of members) {
      const error = this.#blocking.get(plan.name);
      if (error === undefined) continue;
      for await (const page of deferred.spool.pages()) {
        const lettered = await store.deadLetters.having(pipeline, plan.name, page);
        const letters = page.filter((key) => !lettered.has(key)).map((key) => letterOf({ key, error }));
        await parkLetters(this.#context, plan.name, letters);
      }
    }
  }

  #count(promoted: GenerationRecord, members: readonly Member[]): void {
    const { pipeline, events } = this.#context;
    const [totals, byName] = [{ inserted: 0, updated: 0, left: 0 }, recordsOf(promoted)];
    for (const { work } of members) {
      const counts = byName.get(work.plan.name);
      if (work.plan.key.length === 0 || counts?.by === 'swap') work.tally.copied += counts?.inserted ?? 0;
      else work.tally.addPromoted(counts);
      totals.inserted += counts?.inserted ?? 0;
      totals.updated += counts?.updated ?? 0;
      totals.left += counts?.left ?? 0;
    }
    const locks = promoted.collections.flatMap(({ lockedMs }) => lockedMs ?? []);
    const lockedMs = locks.length === 0 ? null : Math.max(...locks);
    events.emit('generation.promoted', { pipeline, generation: promoted.id, ...totals, lockedMs });
  }

  #tellHeld({ id }: GenerationRecord, reason: string): void {
    const { pipeline, events } = this.#context;
    events.emit('generation.held', { pipeline, generation: id, reason });
  }

  #discard(id: number): Promise<void> {
    return this.#retrying('discard a generation', () => this.#generations.discard(id, this.#options()));
  }

  #open(): Promise<StagedGeneration> {
    const readAtMs = this.#context.clock.now();
    this.#staging ??= this.#retrying('begin a generation', () =>
      this.#generations.begin({ ...this.#options(), readAtMs, positions: this.#streamFrom }),
    );
    return this.#staging;
  }

  #options() {
    return { lease: leaseOf(this.#context), signal: this.#context.signal };
  }

  #retrying<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    return retrying(this.#context, { what, signal: this.#context.signal }, work);
  }
}

const letterOf = ({ key, error: { code, message } }: RefusedRow): Letter => ({ key, code, message });

const isDeferred = ({ error }: { readonly error: LockstepError }): boolean => error.class === 'deferred';

const isEmpty = ({ collections }: GenerationRecord): boolean =>
  collections.every(({ rows, leaving }) => rows === 0 && leaving === 0);

const recordsOf = ({ collections }: GenerationRecord) =>
  new Map(collections.map((each) => [each.collection, each]));
