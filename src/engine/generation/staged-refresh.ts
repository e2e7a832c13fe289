import { type LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { GenerationRecord, GenerationWriter, StagedGeneration } from '../../protocol/generation.ts';
import { parkLetters } from '../apply/dead-letters.ts';
import type { SuspectSink } from '../walk/compare-partitions.ts';
import { leaseOf, type WalkContext } from '../walk/context.ts';
import type { LeavingGuard } from '../walk/guard.ts';
import { leaveKeys } from '../walk/leave.ts';
import type { Member } from '../walk/member.ts';
import type { Refresh } from '../walk/refresh.ts';
import { retrying } from '../walk/retrying.ts';
import { StageSink, stageChanges } from './stage-sink.ts';

/** A refused row is taken out; what is refused again and again, by nobody's fault, is a race with somebody who writes the same keys. */
const mostSiftings = 8;

/**
 * What differs is put aside while the pass reads, and brought in by one transaction over all collections once everything is known: readers
 * see the old state or the new one. A guard that holds something back holds all of it.
 */
export class StagedRefresh implements Refresh {
  readonly #context: WalkContext;
  readonly #generations: GenerationWriter;
  readonly #guard: LeavingGuard;
  #staging: Promise<StagedGeneration> | null = null;
  readonly #joined = new Set<Member>();
  readonly #held: string[] = [];

  constructor(context: WalkContext, generations: GenerationWriter, guard: LeavingGuard) {
    this.#context = context;
    this.#generations = generations;
    this.#guard = guard;
  }

  async sink(member: Member): Promise<SuspectSink> {
    const staging = await this.#open();
    const { target, plan } = member.work;
    const isNew = !this.#joined.has(member);
    await this.#retrying(`stage ${plan.name}`, () =>
      isNew ? staging.join(target, this.#options()) : staging.clear(target, this.#options()),
    );
    this.#joined.add(member);
    return new StageSink(member.work, { staging, apart: member.deferred, leaving: member.leaving });
  }

  async leave(member: Member): Promise<void> {
    // A target that was only just filled has nothing that could leave.
    if (!this.#joined.has(member)) return;
    const { work, leaving } = member;
    const staging = await this.#open();
    const isHeld = await leaveKeys(work, leaving, {
      guard: this.#guard,
      writesHeld: true,
      write: (changes) => stageChanges(work, staging, changes),
    });
    if (isHeld) this.#held.push(work.plan.name);
  }

  async bringIn(members: readonly Member[]): Promise<void> {
    if (this.#staging === null) return;
    const staging = await this.#staging;
    const held = this.#held.length === 0 ? null : `more would leave ${this.#held.join(', ')} than may`;
    const sealed = await this.#retrying('seal the generation', () =>
      staging.seal({ ...this.#options(), held }),
    );
    if (held !== null) return this.#tellHeld(sealed, held);
    const joined = members.filter((member) => this.#joined.has(member));
    if (isEmpty(sealed)) await this.#discard(sealed.id);
    else await this.#promote(sealed.id, joined);
    for (const { work } of joined) await this.#guard.clear(work);
    await this.#forgetOlder();
  }

  async #promote(id: number, members: readonly Member[]): Promise<void> {
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
        const isOfRows = error.class === 'change' || error.class === 'deferred';
        if (!isOfRows || siftings >= mostSiftings) throw error;
        await this.#sift(id, members);
      }
    }
  }

  /** What is refused for a reason of its own gets its letter; the rest is tried again by itself once all else is there. */
  async #sift(id: number, members: readonly Member[]): Promise<void> {
    const targets = members.map(({ work }) => work.target);
    const refused = await this.#retrying('sift the generation', () =>
      this.#generations.sift(id, targets, this.#options()),
    );
    for (const member of members) {
      const own = refused.filter(({ target }) => target === member.work.target);
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
      work.tally.inserted += counts?.inserted ?? 0;
      work.tally.updated += counts?.updated ?? 0;
      work.tally.left += counts?.left ?? 0;
      totals.inserted += counts?.inserted ?? 0;
      totals.updated += counts?.updated ?? 0;
      totals.left += counts?.left ?? 0;
    }
    events.emit('generation.promoted', { pipeline, generation: promoted.id, ...totals });
  }

  #tellHeld({ id }: GenerationRecord, reason: string): void {
    const { pipeline, events } = this.#context;
    events.emit('generation.held', { pipeline, generation: id, reason });
  }

  /** As many as the configuration says can be taken back; of older ones nothing is kept. */
  async #forgetOlder(): Promise<void> {
    const { pipeline, settings, signal } = this.#context;
    const records = await this.#retrying('read the generations', () =>
      this.#generations.list({ pipeline, signal }),
    );
    const promoted = records.filter(({ state }) => state === 'promoted');
    for (const { id } of promoted.slice(settings.refresh.keep)) await this.#discard(id);
    for (const { id, state } of records) if (state === 'rolled-back') await this.#discard(id);
  }

  #discard(id: number): Promise<void> {
    return this.#retrying('discard a generation', () => this.#generations.discard(id, this.#options()));
  }

  #open(): Promise<StagedGeneration> {
    const readAtMs = this.#context.clock.now();
    this.#staging ??= this.#retrying('begin a generation', () =>
      this.#generations.begin({ ...this.#options(), readAtMs }),
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
