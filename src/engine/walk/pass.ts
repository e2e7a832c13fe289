import { LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionCounts } from '../../protocol/events.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { ReadSnapshot } from '../../protocol/reader.ts';
import { cureDeferred } from '../apply/deferral.ts';
import { recheckLetters } from '../apply/recheck-letters.ts';
import { StagedRefresh } from '../generation/staged-refresh.ts';
import { orderByReferences } from '../plan/order.ts';
import { startWork } from './collection-work.ts';
import { compareCollection } from './compare.ts';
import { leaseOf, stopIfDraining, type WalkContext } from './context.ts';
import { copyCollection } from './copy.ts';
import { DirectRefresh } from './direct-refresh.ts';
import { finish, finishConstraints, finishKeysIfPossible } from './finish.ts';
import { LeavingGuard } from './guard.ts';
import type { Member } from './member.ts';
import { PassProgress } from './pass-progress.ts';
import type { Refresh } from './refresh.ts';
import { replaceCollection } from './replace.ts';
import { retrying } from './retrying.ts';
import { SourceMoment } from './source-moment.ts';
import { Spool } from './spool.ts';

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

/**
 * One pass of mode `full`: every collection of the pipeline made equal to one moment of the source, whatever state the target is in.
 *
 * Order: parents before children are filled (copied where empty, else compared and repaired); then what was read at an older moment is
 * compared again; then leaving, children first; then, with `staged`, all that was found of targets that had rows is brought in at once; then
 * what others blocked; then letters that may have been cured; then foreign keys, which need all rows; then sequences. Every step is durable by itself and repeated harmlessly, so a process that dies anywhere goes on by
 * starting the pass again.
 */
export async function runPass(
  context: WalkContext,
  plans: readonly CollectionPlan[],
  { staged = false }: { readonly staged?: boolean } = {},
): Promise<PassResult> {
  await using pass = await Pass.open(context, staged);
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
}

const torn = 0;

class Pass implements AsyncDisposable {
  readonly #context: WalkContext;
  readonly #progress: PassProgress;
  readonly #moment: SourceMoment;
  readonly #targetReads: ReadSnapshot;
  readonly #guard = new LeavingGuard();
  readonly #refresh: Refresh;
  readonly #members: Member[] = [];
  readonly #failures = new Map<string, LockstepError>();
  readonly #resources = new AsyncDisposableStack();

  private constructor(
    context: WalkContext,
    { progress, targetReads, staged }: PassParts & { readonly staged: boolean },
  ) {
    this.#context = context;
    this.#progress = progress;
    const { generations } = context.writer;
    this.#refresh =
      staged && generations !== undefined
        ? new StagedRefresh(context, generations, this.#guard)
        : new DirectRefresh(this.#guard);
    this.#targetReads = this.#resources.use(targetReads);
    this.#moment = this.#resources.use(new SourceMoment(context.reader));
  }

  static async open(context: WalkContext, staged: boolean): Promise<Pass> {
    const { reader, writer, signal } = context;
    const state = await retrying(context, { what: 'attach', signal }, () =>
      writer.attach({ lease: leaseOf(context), signal }),
    );
    const source = await retrying(context, { what: 'identify', signal }, () => reader.identity({ signal }));
    const progress = await PassProgress.open(context, { stateId: state.stateId, sourceId: source.id });
    const targetReads = await retrying(context, { what: 'read', signal }, () =>
      writer.reader.snapshot({ signal }),
    );
    return new Pass(context, { progress, targetReads, staged });
  }

  /** A collection whose own fault stops it does not stop the others. */
  async fill(plan: CollectionPlan): Promise<void> {
    const startedAtMs = this.#context.clock.now();
    await this.#guarded(plan.name, async () => {
      const member = await this.#join(plan);
      await this.#fillMember(member);
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
    const reads = { moment: this.#moment, targetReads: this.#targetReads, lookupAt } as const;
    const work = await retrying(context, { what: `open ${plan.name}`, signal }, () =>
      startWork(context, target, reads),
    );
    const leaving = this.#resources.use(await Spool.create(context.spillDirectory));
    const spool = await Spool.create(context.spillDirectory);
    const deferred = { work, spool, add: (keys: readonly string[]) => spool.add(keys) };
    const member = { plan: target.plan, work, deferred, leaving, generation: torn, keyed: true };
    this.#members.push(member);
    return member;
  }

  async #fillMember(member: Member): Promise<void> {
    const { work, plan, deferred } = member;
    if (plan.key.length === 0) {
      await replaceCollection(work, this.#guard);
      await finish(work, 'keys');
      return;
    }
    const since = this.#moment.upcoming;
    const copies =
      work.target.startedEmpty || (await this.#progress.phaseOf(plan.name, plan.fingerprint)) === 'copying';
    if (copies) await copyCollection(work, this.#progress, deferred);
    member.keyed = await finishKeysIfPossible(work);
    if (copies && work.target.startedEmpty) member.generation = this.#readSince(since);
    else if (!copies) await this.#compare(member);
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
    await compareCollection(member.work, await this.#refresh.sink(member));
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
        await this.#guarded(member.plan.name, () => this.#compare(member));
    }
  }

  #outdated(): readonly Member[] {
    const { generation } = this.#moment;
    return this.#sound().filter((member) => member.plan.key.length > 0 && member.generation !== generation);
  }

  /** Keys that rows of different moments did not allow before, and foreign keys, which need the rows of all collections. */
  async finishConstraints(): Promise<void> {
    for (const { plan, work, keyed } of this.#sound()) {
      if (!keyed) await this.#guarded(plan.name, () => finishConstraints(work, 'keys'));
    }
    for (const { plan, work } of this.#sound())
      await this.#guarded(plan.name, () => finishConstraints(work, 'references'));
  }

  async finishSequences(): Promise<void> {
    for (const { plan, work } of this.#sound())
      await this.#guarded(plan.name, () => finish(work, 'sequences'));
  }

  async leave(): Promise<void> {
    for (const member of this.#sound().toReversed()) {
      if (member.plan.key.length === 0) continue;
      await this.#guarded(member.plan.name, () => this.#refresh.leave(member));
    }
  }

  async bringIn(): Promise<void> {
    stopIfDraining(this.#context);
    await this.#refresh.bringIn(this.#sound());
  }

  async cure(): Promise<void> {
    const sets = this.#sound().map(({ deferred }) => deferred);
    await cureDeferred(sets, (collection, work) => this.#guarded(collection, work));
    for (const { plan, work } of this.#sound()) {
      await this.#guarded(plan.name, () => recheckLetters(work));
    }
  }

  async end(): Promise<PassResult> {
    reach('pass.finish.before');
    if (this.#failures.size === 0) await this.#progress.clear();
    reach('pass.finish.after');
    const collections = this.#members.map(({ plan, work }) => ({
      name: plan.name,
      counts: work.tally.counts(),
      error: this.#failures.get(plan.name) ?? null,
    }));
    const pending = collections.some(({ counts }) => counts.deadLetters > 0 || counts.held > 0);
    return {
      result: this.#failures.size > 0 ? 'failed' : pending ? 'pending' : 'equal',
      resumed: this.#progress.resumed,
      collections,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { deferred } of this.#members) await deferred.spool[Symbol.asyncDispose]();
    await this.#resources.disposeAsync();
  }

  #sound(): readonly Member[] {
    return this.#members.filter(({ plan }) => !this.#failures.has(plan.name));
  }

  async #guarded(collection: string, work: () => Promise<void>): Promise<void> {
    stopIfDraining(this.#context);
    try {
      await work();
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (!stopsOnlyItsCollection(error)) throw thrown;
      const { pipeline, events } = this.#context;
      this.#failures.set(collection, error);
      events.emit('failed', {
        pipeline,
        collection,
        code: error.code,
        class: error.class,
        message: error.message,
      });
    }
  }
}

/** A row's own fault that gets here has no key to be parked under, as in a collection without one: the collection stops. */
const stopsOnlyItsCollection = ({ class: kind }: LockstepError): boolean =>
  kind === 'collection' || kind === 'change' || kind === 'deferred';

const momentsTooShort = (attempts: number, elapsedMs: number): LockstepError =>
  new LockstepError('retries-exhausted', {
    what: 'comparing at one moment',
    attempts,
    seconds: Math.round(elapsedMs / 100) / 10,
    detail: 'the source’s snapshot was lost each time',
  });
