import { LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { isRefusal } from '../../protocol/errors/refusal.ts';
import type { CollectionCounts } from '../../protocol/events.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Position, Shard } from '../../protocol/names.ts';
import type { ReadSnapshot } from '../../protocol/reader.ts';
import { lookAgain } from '../alternatives/look-again.ts';
import { cureDeferred } from '../apply/deferral.ts';
import { recheckLetters } from '../apply/recheck-letters.ts';
import { forgetOlder } from '../generation/forget-older.ts';
import { StagedRefresh } from '../generation/staged-refresh.ts';
import { keyDoubt } from '../plan/key-doubt.ts';
import { orderByReferences } from '../plan/order.ts';
import { findGoneHolders } from '../since/gone-holders.ts';
import type { SinceReads } from '../since/since-reads.ts';
import { attach } from './attach.ts';
import { type CollectionWork, startWork } from './collection-work.ts';
import { compareCollection } from './compare.ts';
import { leaseOf, stopIfDraining, type WalkContext } from './context.ts';
import { copyCollection } from './copy.ts';
import { DirectRefresh } from './direct-refresh.ts';
import { finish, finishConstraints, finishKeysIfPossible } from './finish.ts';
import { LeavingGuard } from './guard.ts';
import type { Member } from './member.ts';
import { PassProgress } from './pass-progress.ts';
import type { Refresh } from './refresh.ts';
import { replaceCollection, replacingAtOnce } from './replace.ts';
import { retrying } from './retrying.ts';
import { SourceMoment } from './source-moment.ts';
import { Spool } from './spool.ts';
import { stoppedCollection } from './stopped-collection.ts';
import { Tally } from './tally.ts';

export interface PassResult {
  /** `pending`: dead letters, clashes or guards are left; `failed`: a collection stopped. */
  readonly result: 'equal' | 'pending' | 'failed';
  readonly resumed: boolean;
  readonly collections: readonly {
    readonly name: string;
    readonly counts: CollectionCounts;
    readonly error: LockstepError | null;
  }[];
}

export interface PassOptions {
  /** What is found of targets that had rows comes in at once, by a generation. Default: it is written as it is found. */
  readonly staged?: boolean;
  /**
   * Where a stream will go on: kept with the generation, and what more would leave than may waits alone, as it does beside a stream.
   * Default: no stream follows, and a guard that holds something back holds all.
   */
  readonly streamFrom?: ReadonlyMap<Shard, Position>;
  /** Collections of which only what changed since a cursor is read, in the same moment as the others. */
  readonly since?: SinceReads | null;
}

/**
 * One pass of mode `full`: every collection of the pipeline made equal to one moment of the source, whatever state the target is in.
 *
 * Order: parents before children are filled (copied where empty, else compared and repaired); then what was read at an older moment is
 * compared again; then leaving, children first; then, with `staged`, all that was found of targets that had rows is brought in at once; then
 * what others blocked; then letters that may have been cured; then foreign keys, which need all rows; then sequences. Every step is durable by itself and repeated harmlessly, so a process that dies anywhere goes on by
 * starting the pass again. Where a guard holds the generation, what follows is left out for the members that are part of it.
 */
export async function runPass(
  context: WalkContext,
  plans: readonly CollectionPlan[],
  options: PassOptions = {},
): Promise<PassResult> {
  await using pass = await Pass.open(context, options);
  for (const plan of orderByReferences(plans)) await pass.fill(plan);
  await pass.compareAgain();
  await pass.leave();
  await pass.bringIn();
  await pass.cure();
  await pass.finishConstraints();
  await pass.finishSequences();
  return pass.end();
}

interface PassParts {
  readonly progress: PassProgress;
  readonly targetReads: ReadSnapshot;
  readonly options: PassOptions;
}

const torn = 0;

class Pass implements AsyncDisposable {
  readonly #context: WalkContext;
  readonly #progress: PassProgress;
  readonly #moment: SourceMoment;
  readonly #targetReads: ReadSnapshot;
  readonly #guard = new LeavingGuard();
  readonly #refresh: Refresh;
  readonly #since: SinceReads | null;
  readonly #members: Member[] = [];
  readonly #failures = new Map<string, LockstepError>();
  /** A guard holds what was found of them, and all else about them waits with it. */
  #waiting: ReadonlySet<Member> = new Set();
  readonly #resources = new AsyncDisposableStack();

  private constructor(context: WalkContext, { progress, targetReads, options }: PassParts) {
    this.#context = context;
    this.#since = options.since ?? null;
    this.#progress = progress;
    const { generations } = context.writer;
    const { staged = false, streamFrom = null } = options;
    const guard = this.#guard;
    this.#refresh =
      staged && generations !== undefined
        ? new StagedRefresh(context, { generations, guard, streamFrom })
        : new DirectRefresh(guard);
    this.#targetReads = this.#resources.use(targetReads);
    this.#moment = this.#resources.use(new SourceMoment(context.reader));
  }

  static async open(context: WalkContext, options: PassOptions): Promise<Pass> {
    const { reader, writer, signal } = context;
    const state = await attach(context);
    const source = await retrying(context, { what: 'identify', signal }, () => reader.identity({ signal }));
    const progress = await PassProgress.open(context, { stateId: state.stateId, sourceId: source.id });
    const targetReads = await retrying(context, { what: 'read', signal }, () =>
      writer.reader.snapshot({ signal }),
    );
    return new Pass(context, { progress, targetReads, options });
  }

  /** A collection whose own fault stops it does not stop the others. */
  async fill(plan: CollectionPlan): Promise<void> {
    const startedAtMs = this.#context.clock.now();
    await this.#guarded(plan.name, async () => {
      const member = await this.#fillMember(await this.#join(plan));
      const { pipeline, events, clock } = this.#context;
      const seconds = (clock.now() - startedAtMs) / 1000;
      events.emit('collection.finished', {
        pipeline,
        collection: plan.name,
        counts: member.work.tally.counts(),
        seconds,
      });
    });
  }

  async #join(plan: CollectionPlan): Promise<Member> {
    const context = this.#context;
    const { signal } = context;
    const target = this.#resources.use(
      await retrying(context, { what: `open ${plan.name}`, signal }, () =>
        context.writer.open(plan, { lease: leaseOf(context), signal }),
      ),
    );
    const lookupAt = context.reader.capabilities.snapshot ? 'moment' : 'now';
    const beaten = this.#resources.use(await Spool.create(context.spillDirectory));
    const reads = { moment: this.#moment, targetReads: this.#targetReads, lookupAt, beaten } as const;
    const work = await retrying(context, { what: `open ${plan.name}`, signal }, () =>
      startWork(context, target, reads),
    );
    const leaving = this.#resources.use(await Spool.create(context.spillDirectory));
    const spool = await Spool.create(context.spillDirectory);
    const deferred = { work, spool, add: (keys: readonly string[]) => spool.add(keys) };
    const readsSince = (await this.#since?.goesOn(target)) ?? false;
    const member = {
      plan: target.plan,
      work,
      deferred,
      beaten,
      leaving,
      generation: torn,
      keyed: true,
      readsSince,
    };
    this.#members.push(member);
    return member;
  }

  /** Returns the member that it was in the end. */
  async #fillMember(member: Member): Promise<Member> {
    const { work, plan, deferred } = member;
    if (member.readsSince) return await this.#bringUp(member);
    if (plan.key.length === 0) {
      await this.#replace(member);
      await finish(work, 'keys');
      return member;
    }
    const since = this.#moment.upcoming;
    const copies =
      work.target.startedEmpty || (await this.#progress.phaseOf(plan.name, plan.fingerprint)) === 'copying';
    if (copies) await copyCollection(work, this.#progress, deferred);
    member.keyed = await finishKeysIfPossible(work);
    if (copies && mayBeWhole(member)) member.generation = this.#readSince(since);
    else if (!copies) return await this.#bringUp(member);
    return member;
  }

  /** At the present moment, whatever was read of it before. */
  async #bringUp(member: Member): Promise<Member> {
    if (member.readsSince && this.#since !== null) await this.#bringSince(member, this.#since);
    else if (this.#isReplaced(member)) return await this.#replaceOrCompare(member);
    else await this.#compare(member);
    return member;
  }

  /** Rows that can't be in a table made aside keep it from being swapped in: by its differences all others come in, and these get letters. */
  async #replaceOrCompare(member: Member): Promise<Member> {
    try {
      await this.#replace(member);
      return member;
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (member.plan.key.length === 0 || !isRefusal(error)) throw error;
      this.#tellCompared(member.plan, error);
      const other = await this.#joinAnew(member);
      await this.#compare(other);
      return other;
    }
  }

  async #joinAnew(member: Member): Promise<Member> {
    this.#members.splice(this.#members.indexOf(member), 1);
    await member.deferred.spool[Symbol.asyncDispose]();
    return await this.#join({ ...member.plan, swap: false });
  }

  #tellCompared({ name }: CollectionPlan, { message }: LockstepError): void {
    const { pipeline, events } = this.#context;
    const why = `${name} comes in by its differences, as a table with all rows can’t take its place`;
    events.emit('notice', { pipeline, side: 'destination', message: `${why}: ${message}` });
  }

  async #bringSince(member: Member, reads: SinceReads): Promise<void> {
    const since = this.#moment.upcoming;
    await reads.bring(member, this.#guard);
    member.generation = this.#readSince(since);
  }

  #isReplaced({ plan, work }: Member): boolean {
    return plan.key.length === 0 || (plan.swap === true && this.#refresh.swaps && !work.target.startedEmpty);
  }

  /** A target that has no rows yet is read by nobody. */
  async #replace(member: Member): Promise<void> {
    const { work } = member;
    const since = this.#moment.upcoming;
    const isEmpty = work.target.startedEmpty;
    await replaceCollection(
      work,
      isEmpty ? replacingAtOnce(work, this.#guard) : this.#refresh.replacing(member),
    );
    member.generation = this.#readSince(since);
  }

  async #compare(member: Member): Promise<void> {
    const { pipeline, events } = this.#context;
    const { estimatedRows } = member.plan.sourceShape;
    const since = this.#moment.upcoming;
    member.leaving = this.#resources.use(await Spool.create(this.#context.spillDirectory));
    events.emit('collection.started', {
      pipeline,
      collection: member.plan.name,
      estimatedRows,
      partitions: 0,
    });
    await compareCollection(comparable(member), await this.#refresh.sink(member));
    member.generation = this.#readSince(since);
  }

  #readSince(generation: number): number {
    return this.#moment.generation === generation ? generation : torn;
  }

  /**
   * What was read at a moment that is gone, in more than one, or by another process, is compared at the present one. Moments that do
   * not last as long as a comparison takes are a fault that does not pass.
   */
  async compareAgain(): Promise<void> {
    const { settings, clock } = this.#context;
    const { attempts } = settings.retry;
    const startedAtMs = clock.now();
    for (let round = 1; this.#outdated().length > 0; round += 1) {
      if (round > attempts) throw momentsTooShort(attempts, clock.now() - startedAtMs);
      for (const member of this.#outdated())
        await this.#guarded(member.plan.name, async () => void (await this.#bringUp(member)));
    }
  }

  #outdated(): readonly Member[] {
    const { generation } = this.#moment;
    return this.#sound().filter((member) => member.generation !== generation);
  }

  /** Keys that rows of different moments did not allow before, and foreign keys, which need the rows of all collections. */
  async finishConstraints(): Promise<void> {
    for (const { plan, work, keyed } of this.#sound()) {
      if (!keyed) await this.#guarded(plan.name, () => finishConstraints(work, 'keys'));
    }
    for (const { plan, work } of this.#open())
      await this.#guarded(plan.name, () => finishConstraints(work, 'references'));
  }

  async finishSequences(): Promise<void> {
    for (const { plan, work } of this.#open())
      await this.#guarded(plan.name, () => finish(work, 'sequences'));
  }

  async leave(): Promise<void> {
    for (const member of this.#sound().filter(({ readsSince }) => readsSince))
      await this.#guarded(member.plan.name, () => findGoneHolders(member));
    for (const member of this.#sound().toReversed()) {
      if (this.#isReplaced(member)) continue;
      await this.#guarded(member.plan.name, () => this.#refresh.leave(member));
    }
  }

  async bringIn(): Promise<void> {
    stopIfDraining(this.#context);
    const { refused, waiting } = await this.#refresh.bringIn(this.#sound());
    this.#waiting = waiting;
    for (const [{ plan }, error] of refused) await this.#guarded(plan.name, () => Promise.reject(error));
    await forgetOlder(this.#context, { isStaged: this.#refresh.swaps });
  }

  async cure(): Promise<void> {
    for (const member of this.#open()) await this.#guarded(member.plan.name, () => lookAgain(member));
    const sets = this.#open().map(({ deferred }) => deferred);
    await cureDeferred(sets, (collection, work) => this.#guarded(collection, work));
    for (const { plan, work } of this.#sound()) {
      await this.#guarded(plan.name, () => recheckLetters(work));
    }
  }

  async end(): Promise<PassResult> {
    reach('pass.finish.before');
    if (this.#failures.size === 0) await this.#progress.clear();
    reach('pass.finish.after');
    const collections = this.#told();
    const pending = collections.some(({ counts }) => counts.deadLetters > 0 || counts.held > 0);
    return {
      result: this.#failures.size > 0 ? 'failed' : pending ? 'pending' : 'equal',
      resumed: this.#progress.resumed,
      collections,
    };
  }

  /** Those whose opening failed as well, of which nothing was counted. */
  #told(): PassResult['collections'] {
    const opened = this.#members.map(({ plan, work }) => ({
      name: plan.name,
      counts: work.tally.counts(),
      error: this.#failures.get(plan.name) ?? null,
    }));
    const names = new Set(opened.map(({ name }) => name));
    const unopened = [...this.#failures].filter(([name]) => !names.has(name));
    return [...opened, ...unopened.map(([name, error]) => ({ name, counts: new Tally().counts(), error }))];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { deferred } of this.#members) await deferred.spool[Symbol.asyncDispose]();
    await this.#resources.disposeAsync();
  }

  /** Those that may be written to. */
  #open(): readonly Member[] {
    return this.#sound().filter((member) => !this.#waiting.has(member));
  }

  #sound(): readonly Member[] {
    return this.#members.filter(({ plan }) => !this.#failures.has(plan.name));
  }

  async #guarded(collection: string, work: () => Promise<void>): Promise<void> {
    stopIfDraining(this.#context);
    try {
      await work();
    } catch (thrown) {
      this.#failures.set(collection, stoppedCollection(this.#context, collection, thrown).error);
    }
  }
}

/** In a target that was empty, a row that met its own key there may have taken the place of another one of the source's: a comparison tells. */
const mayBeWhole = ({ work, keyed }: Member): boolean =>
  work.target.startedEmpty && keyed && work.tally.met === 0;

/** Where the key could not be made unique, both sides may have it twice, and their digests say nothing of that. */
const comparable = ({ work, plan, keyed }: Member): CollectionWork =>
  keyed || keyDoubt(plan) === null ? work : { ...work, agreement: null };

const momentsTooShort = (attempts: number, elapsedMs: number): LockstepError =>
  new LockstepError('retries-exhausted', {
    what: 'comparing at one moment',
    attempts,
    seconds: Math.round(elapsedMs / 100) / 10,
    detail: 'the source’s snapshot was lost each time',
  });
