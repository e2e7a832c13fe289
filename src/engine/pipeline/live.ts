import { LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Finding } from '../../protocol/finding.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Json } from '../../protocol/value.ts';
import { orderByReferences } from '../plan/order.ts';
import type { StreamCollection } from '../stream/collection.ts';
import type { StreamContext } from '../stream/context.ts';
import type { Told } from '../stream/intake.ts';
import { TornWindows } from '../stream/lanes/torn-windows.ts';
import { UnseenTransactions } from '../stream/unseen.ts';
import { finish } from '../walk/finish.ts';
import { releaseApproved } from './approved.ts';
import { type Assembled, assemble } from './assemble.ts';
import { beginAgain } from './begin-again.ts';
import { type Beginning, beginning } from './beginning.ts';
import { Comparisons } from './comparison.ts';
import type { Condition } from './condition.ts';
import { followLabels, noteLeftOut } from './drift/found-drift.ts';
import { IgnoredDrift } from './drift/ignored-drift.ts';
import { every } from './every.ts';
import { LiveMemory } from './memory.ts';
import { type Newcomer, Newcomers } from './newcomers.ts';
import { openCollections } from './open-collections.ts';
import { waitWhilePaused } from './paused.ts';
import { Reporter } from './reporter.ts';
import { Reporting } from './reporting.ts';
import { answerRequests } from './requests.ts';
import { SourceWord } from './source-word.ts';
import { collectionTrouble } from './stopping.ts';
import { tellPace } from './tell-pace.ts';
import type { Walks } from './walks.ts';

export interface LiveOptions {
  readonly plans: readonly CollectionPlan[];
  /** Collections that stopped before and can't go on yet, each with what must be mended. */
  readonly leftOut: ReadonlyMap<string, Finding>;
  /** What looking at both sides found when the plans were made. */
  readonly findings: readonly Finding[];
  readonly condition: Condition;
  /** Calls `compare` whenever a comparison pass is due, until `stopping` aborts; null: none is scheduled. */
  readonly schedule: ((compare: () => Promise<void>, stopping: AbortSignal) => Promise<void>) | null;
  /** Collections of the source that the configuration's patterns match by now and no plan is for. */
  readonly newcomers: (signal: AbortSignal) => Promise<readonly Newcomer[]>;
  /** `inStep`: it ends once it has caught up and no walk waits; `compared`: after a comparison of everything besides. */
  readonly until: 'stopped' | 'inStep' | 'compared';
}

/** `stopped`: somebody asked for it; `again`: plans are to be made anew, because something about the source has changed. */
export type LiveEnd = 'stopped' | 'again';

/** `inDoubt`: where the destination stands has to be asked anew; the plans stay. */
type Leg = LiveEnd | 'inDoubt';

const restored = 'the source was restored from an older copy';
const lookEveryMs = 250;
const renewWordEveryMs = 10_000;
const newcomersEveryMs = 5_000;

/**
 * A live pipeline, from wherever it stands: the first copy if there was none, then the stream, with walks beside it where the stream alone
 * can't make both sides equal. Returns when somebody stops it; what was under way is durable then.
 */
export async function runLive(context: StreamContext, options: LiveOptions): Promise<LiveEnd> {
  const plans = orderByReferences(options.plans);
  const memory = new LiveMemory(context);
  const { condition } = options;
  await using reporting = new Reporting(new Reporter({ context, memory, condition }));
  using _pace = tellPace(context, condition);
  const request = { plans, memory, condition };
  let begun = await beginning(context, request);
  if (begun === null) return 'stopped';
  await using collections = await openCollections(context, plans);
  const comparisons = await Comparisons.open(context, memory);
  const { byName } = collections;
  const ignoredDrift = await IgnoredDrift.open({
    context,
    memory,
    collections: byName,
    findings: options.findings,
  });
  const parts = {
    context,
    options,
    memory,
    collections: byName,
    owed: new Set<Told>(),
    unseen: new UnseenTransactions(),
    torn: new TornWindows(),
    reporting,
    comparisons,
    ignoredDrift,
  };
  while (begun !== null) {
    const end = await new Live({ ...parts, begun }).run();
    if (end !== 'inDoubt') return end;
    const next = await beginAgain(context, request);
    if (next === 'again') return next;
    begun = next;
  }
  return 'stopped';
}

interface LiveParts {
  readonly context: StreamContext;
  readonly options: LiveOptions;
  readonly memory: LiveMemory;
  readonly collections: ReadonlyMap<string, StreamCollection>;
  readonly begun: Beginning;
  readonly owed: Set<Told>;
  readonly unseen: UnseenTransactions;
  readonly torn: TornWindows;
  readonly reporting: Reporting;
  readonly comparisons: Comparisons;
  readonly ignoredDrift: IgnoredDrift;
}

class Live {
  readonly #parts: LiveParts;
  readonly #word: SourceWord;
  /** Ends this run, to begin again with new plans. */
  readonly #again = new AbortController();
  /** It was only to run until it was in step. */
  readonly #done = new AbortController();
  #caughtUp = false;
  readonly #newcomers: Newcomers;

  constructor(parts: LiveParts) {
    this.#parts = parts;
    this.#word = new SourceWord(parts.context, parts.memory);
    this.#newcomers = new Newcomers({ context: parts.context, condition: parts.options.condition });
  }

  async run(): Promise<Leg> {
    const { context, begun, options } = this.#parts;
    const { state, positions } = begun;
    const assembled = await assemble({
      ...this.#parts,
      condition: options.condition,
      state,
      positions,
      again: (reason) => this.#again.abort(new Error(reason)),
      onWalksChanged: () => this.#tellPhase(assembled),
    });
    await this.#findWalks(assembled);
    this.#parts.reporting.reporter.follow({ ledger: assembled.ledger, details: this.#details(assembled) });
    using _counting = countChanges(context, this.#parts.reporting.reporter);
    const stopping = AbortSignal.any([context.draining, this.#again.signal, this.#done.signal]);
    while (!stopping.aborted) {
      if (await this.#waitWhilePaused(stopping)) break;
      // What was being written when it was paused may be there or not.
      if (assembled.isInDoubt()) return 'inDoubt';
      await this.#runUntilPaused(assembled, stopping);
    }
    await this.#finishSequences();
    return this.#again.signal.aborted && !context.draining.aborted ? 'again' : 'stopped';
  }

  /** What has to be walked, because of what happened while nobody watched. */
  async #findWalks({ walks, stop }: Assembled): Promise<void> {
    const { memory, collections, begun, options } = this.#parts;
    const all = [...collections.keys()];
    const stranger = await this.#word.stranger();
    const gap = begun.gap ?? (stranger === null ? null : restored);
    if (gap !== null) await walks.add(all, { reason: gap, fills: false });
    if (stranger !== null) await this.#word.accept(stranger);
    await noteLeftOut(this.#parts);
    for (const [name, { nextStep }] of await memory.stopped()) {
      // With these very plans: it stays so.
      if (collections.get(name)?.stopped != null) continue;
      const fault = options.leftOut.get(name);
      if (fault !== undefined) {
        const reason = `${name} has stopped: ${fault.message}`;
        options.condition.troubled(collectionTrouble(name), { reason, nextStep });
        continue;
      }
      if (collections.has(name)) await walks.add([name], { reason: 'it had stopped', fills: false });
      await memory.setStopped(name, undefined);
      options.condition.relieved(collectionTrouble(name));
    }
    await followLabels(this.#parts, { walks, stop });
    const known = await memory.fingerprints();
    await this.#forgetOthers(walks, known.keys());
    for (const { name, plan } of collections.values()) {
      const before = known.get(name);
      if (before === plan.fingerprint) continue;
      const reason = before === undefined ? 'it is new' : 'its configuration has changed';
      await walks.add([name], { reason, fills: before === undefined });
    }
    for (const [name, error] of begun.failed) {
      const collection = collections.get(name);
      if (collection !== undefined) await stop(collection, error);
    }
  }

  /** Collections that the configuration names no more, or whose tables are gone where it has patterns. */
  async #forgetOthers(walks: Walks, known: Iterable<string>): Promise<void> {
    const { context, collections, options } = this.#parts;
    const { pipeline, events } = context;
    for (const name of new Set([...known, ...walks.waiting.keys()])) {
      if (collections.has(name) || options.leftOut.has(name)) continue;
      const message = `${name} is no part of ${pipeline} any more: what the destination has of it stays as it is`;
      events.emit('notice', { pipeline, side: 'source', message });
      await walks.forget(name);
    }
  }

  /** Everything that runs side by side, until somebody stops or pauses it. The first that fails ends the others. */
  async #runUntilPaused(assembled: Assembled, stopping: AbortSignal): Promise<void> {
    const { context, options } = this.#parts;
    // However short a pause was, it has to be caught up with again.
    this.#caughtUp = false;
    const over = new AbortController();
    const until = AbortSignal.any([stopping, over.signal]);
    // Who only begins again waits with the window: what is planned anew asks both sides too.
    const hurry = AbortSignal.any([context.draining, over.signal]);
    const stream = assembled.openStream({ stopping: until, hurry });
    const { walks } = assembled;
    this.#tellPhase(assembled);
    const compare = () => this.#parts.comparisons.during(() => this.#compareAll(assembled, until));
    const tasks = [
      stream.run(),
      walks.run(until),
      walks.settle(until),
      this.#parts.reporting.until(until),
      this.#catchUp(assembled, until),
      every(lookEveryMs, until, () => this.#look(assembled, { over, until })),
      every(lookEveryMs, until, () => this.#answer(assembled, until)),
      every(renewWordEveryMs, until, () => this.#word.renew(() => this.#walkAll(walks))),
      every(newcomersEveryMs, until, () => this.#welcome(until)),
      ...(options.schedule === null ? [] : [options.schedule(compare, until)]),
    ].map((task) =>
      task.catch((thrown: unknown) => {
        // What ended because everything ends has nothing to say.
        if (until.aborted && !context.signal.aborted) return;
        over.abort(thrown);
        throw thrown;
      }),
    );
    until.addEventListener('abort', () => stream.wake(), { once: true });
    const results = await Promise.allSettled(tasks);
    await assembled.noteOwed();
    const failure = results.find((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  /** False: some have stopped, and were not compared. */
  async #compareAll({ walks }: Assembled, until: AbortSignal): Promise<boolean> {
    const { collections, context, options } = this.#parts;
    const names = [...collections.keys()];
    // Where no change is told, nothing that was equal is known to be so still.
    const isRoutine = context.feed.capabilities.content !== 'nothing';
    const reason = 'a comparison was due';
    await walks.add(names, { reason, fills: false, isRoutine, endsBehind: true });
    await walks.ended(names, until);
    return options.leftOut.size === 0 && [...collections.values()].every(({ stopped }) => stopped === null);
  }

  async #walkAll(walks: Walks): Promise<void> {
    await walks.add([...this.#parts.collections.keys()], { reason: restored, fills: false });
  }

  #details({ walks, letters }: Assembled): () => { readonly [name: string]: Json } {
    const { ignoredDrift } = this.#parts;
    return () => ({
      ready: this.#caughtUp,
      collections: [...this.#parts.collections.values(), ...this.#leftOut()].map(({ name, stopped }) => {
        const walking = walks.waiting.get(name);
        const status =
          stopped !== null
            ? 'stopped'
            : walking === undefined
              ? 'live'
              : walking.fills
                ? 'copying'
                : 'healing';
        return { name, status, reason: stopped ?? walking?.reason ?? ignoredDrift.reasonOf(name) };
      }),
      newestLetter: letters.newest,
      comparison: { ...this.#parts.comparisons.report },
    });
  }

  #leftOut(): readonly { readonly name: string; readonly stopped: string }[] {
    return [...this.#parts.options.leftOut].map(([name, { message }]) => ({ name, stopped: message }));
  }

  async #catchUp(assembled: Assembled, until: AbortSignal): Promise<void> {
    if (this.#caughtUp) return;
    await assembled.passedHead(until);
    this.#caughtUp = true;
    this.#tellPhase(assembled);
    if (this.#parts.options.until !== 'stopped') await this.#endInStep(assembled, until);
  }

  async #endInStep({ walks, passedHead }: Assembled, until: AbortSignal): Promise<void> {
    const names = [...this.#parts.collections.keys()];
    if (this.#parts.options.until === 'compared')
      await walks.add(names, { reason: 'somebody asked for a comparison', fills: false });
    await walks.ended(names, until);
    await passedHead(until);
    this.#done.abort(new Error('it is in step'));
  }

  #tellPhase({ walks }: Assembled): void {
    const { condition } = this.#parts.options;
    if (condition.phase === 'paused') return;
    const [walking] = walks.waiting;
    const nextStep = 'nothing has to be done';
    if (walking !== undefined)
      condition.on('heal', { reason: `${walking[0]} is being walked: ${walking[1].reason}`, nextStep });
    else if (this.#caughtUp) condition.on('caughtUp', { reason: 'changes flow', nextStep });
  }

  /** True: the pipeline stopped while it was paused. */
  async #waitWhilePaused(stopping: AbortSignal): Promise<boolean> {
    const { context, options } = this.#parts;
    return (await waitWhilePaused(context, options.condition, stopping)) === 'stopped';
  }

  async #look(
    { holder, touches }: Assembled,
    { over, until }: { readonly over: AbortController; readonly until: AbortSignal },
  ): Promise<void> {
    const { context } = this.#parts;
    if ((await context.store.requests.paused(context.pipeline)) !== null) over.abort();
    // Without the stream nobody would take its touches.
    else
      await releaseApproved(
        { ...context, signal: AbortSignal.any([context.signal, until]) },
        { holder, touches },
      );
  }

  #answer({ walks, touches, letters }: Assembled, until: AbortSignal): Promise<void> {
    const { context, collections, options } = this.#parts;
    return answerRequests({
      context,
      walks,
      touches,
      letters,
      until,
      names: () => [...collections.keys(), ...this.#parts.options.leftOut.keys()],
      whyStopped: (name) => collections.get(name)?.stopped ?? options.leftOut.get(name)?.message ?? null,
      revive: (name, isNew) => this.#revive(name, isNew),
    });
  }

  /** New collections that match a pattern join with plans made anew. */
  async #welcome(until: AbortSignal): Promise<void> {
    const { context, options } = this.#parts;
    const found = await options.newcomers(AbortSignal.any([context.signal, until]));
    const joining = this.#newcomers.welcome(found);
    if (joining.length > 0) this.#again.abort(new Error(`${joining.join(', ')} is new`));
  }

  /** A collection that stopped needs a plan that fits what is there now. One that was left out again can't be helped by asking. */
  async #revive(name: string, isNew: boolean): Promise<void> {
    const { collections, options } = this.#parts;
    const fault = options.leftOut.get(name);
    if (fault !== undefined && !isNew)
      throw new LockstepError('not-ready', {
        pipeline: this.#parts.context.pipeline,
        count: 1,
        findings: `  ${fault.code}: ${fault.message}\n    ${fault.cure}`,
      });
    if (fault !== undefined || collections.get(name)?.stopped != null)
      this.#again.abort(new Error(`${name} goes on`));
  }

  /** Sequences are no rows: they are brought along when the stream ends, for whoever takes over at the destination. */
  async #finishSequences(): Promise<void> {
    for (const { name, work, stopped } of this.#parts.collections.values())
      if (stopped === null)
        await finish(work, 'sequences').catch((thrown: unknown) => this.#tellUnfinished(name, thrown));
  }

  /** A side that is away keeps nobody from stopping. */
  #tellUnfinished(name: string, thrown: unknown): void {
    const error = toLockstepError(thrown);
    if (error.class !== 'transient' && error.code !== 'retries-exhausted') throw error;
    const { pipeline, events } = this.#parts.context;
    const message = `the sequences of ${name} were not brought along: ${error.message}`;
    events.emit('notice', { pipeline, side: 'destination', message });
  }
}

function countChanges({ events, pipeline }: StreamContext, reporter: Reporter): Disposable {
  const end = events.on('window.applied', (applied) => {
    if (applied.pipeline === pipeline) reporter.counted(applied.changes);
  });
  return { [Symbol.dispose]: end };
}
