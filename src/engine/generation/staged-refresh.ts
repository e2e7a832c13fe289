import type { Chunk } from '../../protocol/chunk.ts';
import { type LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { isRefusal } from '../../protocol/errors/refusal.ts';
import type { GenerationRecord, GenerationWriter, StagedGeneration } from '../../protocol/generation.ts';
import type { Position, Shard } from '../../protocol/names.ts';
import { parkLetters } from '../apply/dead-letters.ts';
import type { SuspectSink } from '../walk/compare-partitions.ts';
import { leaseOf, type WalkContext } from '../walk/context.ts';
import { DirectRefresh } from '../walk/direct-refresh.ts';
import type { LeavingGuard } from '../walk/guard.ts';
import { leaveKeys } from '../walk/leave.ts';
import type { Member } from '../walk/member.ts';
import type { Refresh } from '../walk/refresh.ts';
import type { Replacing } from '../walk/replace.ts';
import { retrying } from '../walk/retrying.ts';
import { StageSink, stageChanges } from './stage-sink.ts';

/** A refused row is taken out; what is refused again and again, by nobody's fault, is a race with somebody who writes the same keys. */
const mostSiftings = 8;

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
    return new StageSink(member.work, { staging, apart: member.deferred, leaving: member.leaving });
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
    const { work, leaving, deferred: apart } = member;
    const staging = await this.#open();
    const isHeld = await leaveKeys(work, leaving, {
      guard: this.#guard,
      writesHeld: this.#streamFrom === null,
      write: (changes) => stageChanges(work, { staging, apart }, changes),
    });
    if (isHeld) this.#held.add(member);
  }

  async bringIn(members: readonly Member[]): Promise<ReadonlyMap<Member, LockstepError>> {
    const refused = new Map<Member, LockstepError>();
    if (this.#staging === null) return refused;
    const staging = await this.#staging;
    const held = this.#whyHeld(members);
    const joined = members.filter((member) => this.#joined.has(member));
    const targets = joined.map(({ work }) => work.target);
    const sealed = await this.#retrying('seal the generation', () =>
      staging.seal({ ...this.#options(), targets, held }),
    );
    if (held !== null) {
      this.#tellHeld(sealed, held);
      return refused;
    }
    if (isEmpty(sealed)) await this.#discard(sealed.id);
    else await this.#promote(sealed.id, joined, refused);
    for (const member of joined)
      if (!this.#held.has(member) && !refused.has(member)) await this.#guard.clear(member.work);
    return refused;
  }

  /** One that failed afterwards is no part of what is brought in, and holds nothing back. */
  #whyHeld(members: readonly Member[]): string | null {
    const held = members.filter((member) => this.#held.has(member));
    if (held.length === 0 || this.#streamFrom !== null) return null;
    return `more would leave ${held.map(({ plan }) => plan.name).join(', ')} than may`;
  }

  async #promote(id: number, members: readonly Member[], refused: Map<Member, LockstepError>): Promise<void> {
    const targets = members.map(({ work }) => work.target);
    for (let siftings = 0; ; siftings += 1) {
      try {
        const promoted = await this.#retrying('promote the generation', () =>
          this.#generations.promote(id, targets, this.#options()),
        );
        this.#count(promoted, members);
        return;
      } catch (thrown) {
        const error = toLockstepError(thrown);
        if (!isRefusal(error) || siftings >= mostSiftings) throw error;
        await this.#sift(id, members, refused);
      }
    }
  }

  /** What is refused for a reason of its own gets its letter; the rest is tried again by itself once all else is there. */
  async #sift(id: number, members: readonly Member[], wholes: Map<Member, LockstepError>): Promise<void> {
    const targets = members.map(({ work }) => work.target);
    const refused = await this.#retrying('sift the generation', () =>
      this.#generations.sift(id, targets, this.#options()),
    );
    for (const member of members) {
      const own = refused.flatMap(({ target, key, error }) => {
        if (target !== member.work.target) return [];
        if (key === null) wholes.set(member, error);
        return key === null ? [] : [{ key, error }];
      });
      const [blocked, poisoned] = [own.filter(isDeferred), own.filter((each) => !isDeferred(each))];
      await member.deferred.add(blocked.map(({ key }) => key));
      const letters = poisoned.map(({ key, error: { code, message } }) => ({ key, code, message }));
      await parkLetters(this.#context, member.plan.name, letters);
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

const isDeferred = ({ error }: { readonly error: LockstepError }): boolean => error.class === 'deferred';

const isEmpty = ({ collections }: GenerationRecord): boolean =>
  collections.every(({ rows, leaving }) => rows === 0 && leaving === 0);

const recordsOf = ({ collections }: GenerationRecord) =>
  new Map(collections.map((each) => [each.collection, each]));
