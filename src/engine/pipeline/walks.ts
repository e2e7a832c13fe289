import { type LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { StreamCollection } from '../stream/collection.ts';
import type { StreamContext } from '../stream/context.ts';
import { Signal } from '../stream/signal.ts';
import { finishConstraints } from '../walk/finish.ts';
import { persisting } from '../walk/retrying.ts';
import type { LiveMemory, Walking } from './memory.ts';
import { type WalkedCollection, type WalkParts, walkCollection } from './walk-collection.ts';

export interface WalksParts extends WalkParts {
  readonly context: StreamContext;
  readonly memory: LiveMemory;
  readonly collections: ReadonlyMap<string, StreamCollection>;
  /** Resolves once the stream has passed what the source has told by now. */
  readonly passedHead: (signal: AbortSignal) => Promise<void>;
  /** The same; false: the stream stands still. */
  readonly passedHeadUnlessStill: (signal: AbortSignal) => Promise<boolean>;
  /** A collection's own fault: it is stopped, durably. */
  readonly stop: (collection: StreamCollection, error: LockstepError) => Promise<void>;
  readonly onChange: () => void;
}

export interface WalkRequest {
  readonly reason: string;
  readonly fills: boolean;
  /** Nothing has happened: what was seen to be equal before, and has not changed since, is not read again. */
  readonly isRoutine?: boolean;
  /** It is to end though the stream stands still: what it found is written, and the rest is the stream's to tell whenever it goes on. */
  readonly endsBehind?: boolean;
}

export interface WalkEnd extends WalkedCollection {
  readonly collection: string;
  readonly seconds: number;
}

/**
 * Collections that have to be walked while their changes flow, one after the other: gaps, barriers, new and changed collections, what
 * somebody asked for. Which they are is durable before anything moves on, so a process that dies walks them again.
 */
export class Walks {
  readonly #parts: WalksParts;
  readonly #open: Map<string, Walking>;
  readonly #moved = new Signal();
  /** Walks that had to wait for transactions, and have. */
  readonly #settled = new WeakSet<Walking>();
  readonly #endBehind = new WeakSet<Walking>();
  /** Notes are made one after the other: one that ends a walk must not take away another that came meanwhile. */
  #noting: Promise<unknown> = Promise.resolve();

  private constructor(parts: WalksParts, open: ReadonlyMap<string, Walking>) {
    this.#parts = parts;
    this.#open = new Map(open);
  }

  static async open(parts: WalksParts): Promise<Walks> {
    return new Walks(parts, await parts.memory.walks());
  }

  /** What is walked or waits to be, in order. */
  get waiting(): ReadonlyMap<string, Walking> {
    return this.#open;
  }

  get isIdle(): boolean {
    return this.#open.size === 0;
  }

  /** Durable on return. A collection that is being walked is walked once more: what it saw may be older. */
  async add(
    collections: readonly string[],
    { reason, fills, isRoutine = false, endsBehind = false }: WalkRequest,
  ): Promise<void> {
    if (!isRoutine) this.#parts.knownEqual.forget(collections);
    for (const collection of collections)
      await this.#noteNext(async () => {
        // What is being filled is filled first, whatever else happens to it.
        const former = this.#open.get(collection);
        const isFilled = former?.fills === true;
        const walking = { reason, fills: fills || isFilled, sinceMs: this.#parts.context.clock.now() };
        await this.#parts.memory.setWalk(collection, walking);
        // Who waits for the former waits for this one.
        const isAwaited = former !== undefined && this.#endBehind.has(former);
        if ((endsBehind || isAwaited) && !walking.fills) this.#endBehind.add(walking);
        this.#open.set(collection, walking);
      });
    this.#moved.fire();
    this.#parts.onChange();
  }

  /** The pipeline does not have this collection any more. Should it come back, it is new. */
  async forget(collection: string): Promise<void> {
    const { memory } = this.#parts;
    await memory.setFingerprint(collection, undefined);
    await this.#noteNext(async () => {
      await memory.setWalk(collection, undefined);
      this.#open.delete(collection);
    });
  }

  /** Walks what has to be walked until somebody stops it, or who walks is no longer the owner: then no walk comes to an end, and none begins. */
  async run(stopping: AbortSignal): Promise<void> {
    const over = this.#over(stopping);
    while (!over.aborted) {
      const moved = this.#moved.next(over).catch(() => undefined);
      const next = await this.#next();
      if (next !== null) await this.#walk(next, stopping);
      else await moved;
    }
  }

  /**
   * Waits for what has to be over before a walk may begin, until somebody stops it. Beside the walks: a transaction that somebody left open
   * holds up those that need it, and no others.
   */
  async settle(stopping: AbortSignal): Promise<void> {
    const over = this.#over(stopping);
    while (!over.aborted) {
      const moved = this.#moved.next(over).catch(() => undefined);
      const captured = await this.#parts.memory.fingerprints();
      const waiting = [...this.#open].filter(
        ([name, walking]) => this.#isSound(name) && !this.#mayBegin(name, { walking, captured }),
      );
      if (waiting.length > 0) await this.#settleThese(waiting, over);
      else await moved;
    }
  }

  /** Resolves once none of these is walked or waits to be. */
  async ended(collections: readonly string[], signal: AbortSignal): Promise<void> {
    while (collections.some((name) => this.#open.has(name) && this.#isSound(name)))
      await this.#moved.next(signal);
  }

  /** A collection that stopped goes on, or one that is walked stopped. */
  look(): void {
    this.#moved.fire();
  }

  #over(stopping: AbortSignal): AbortSignal {
    return AbortSignal.any([this.#parts.context.signal, stopping]);
  }

  /** In the order of the collections, parents first: children that are walked before their parents would be refused. */
  async #next(): Promise<readonly [string, Walking] | null> {
    const captured = await this.#parts.memory.fingerprints();
    for (const name of this.#parts.collections.keys()) {
      const walking = this.#open.get(name);
      if (walking !== undefined && this.#isSound(name) && this.#mayBegin(name, { walking, captured }))
        return [name, walking];
    }
    return null;
  }

  #mayBegin(
    name: string,
    { walking, captured }: { readonly walking: Walking; readonly captured: ReadonlyMap<string, string> },
  ): boolean {
    if (this.#settled.has(walking)) return true;
    return !walking.fills && captured.get(name) === this.#parts.collections.get(name)?.plan.fingerprint;
  }

  #isSound(name: string): boolean {
    return this.#parts.collections.get(name)?.stopped === null;
  }

  async #walk([name, walking]: readonly [string, Walking], stopping: AbortSignal): Promise<void> {
    const { context, collections, memory, onChange } = this.#parts;
    const collection = collections.get(name);
    if (collection === undefined) return;
    this.#tell(name, walking);
    const startedAtMs = context.clock.now();
    // A walk writes nothing, so it ends at once: without the stream nobody would take its touches.
    const signal = this.#over(stopping);
    const walked = await this.#attempt(collection, signal);
    // One that stopped meanwhile has left out what its walk found.
    if (walked === null || collection.stopped !== null) return;
    const streamPassed = await this.#streamPassed([name, walking], signal).catch((thrown: unknown) => {
      if (!stopping.aborted) throw thrown;
    });
    if (stopping.aborted) return;
    if (this.#open.get(name) !== walking) return;
    if (streamPassed === true) await finishConstraints(collection.work, 'references');
    await memory.setFingerprint(name, collection.plan.fingerprint);
    if (!(await this.#noteNext(() => this.#forget(name, walking)))) return;
    const { pipeline, events } = context;
    const seconds = (context.clock.now() - startedAtMs) / 1000;
    events.emit('healed', {
      pipeline,
      collections: [name],
      written: walked.touched,
      seconds,
      streamPassed: streamPassed === true,
    });
    events.emit('collection.status', {
      pipeline,
      collection: name,
      status: 'live',
      reason: '',
      nextStep: '',
    });
    this.#moved.fire();
    onChange();
  }

  /** False: it stands still and this walk does not wait for it any longer, or the walk is asked for once more. */
  async #streamPassed([name, walking]: readonly [string, Walking], signal: AbortSignal): Promise<boolean> {
    const { passedHead, passedHeadUnlessStill } = this.#parts;
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const passed = this.#endBehind.has(walking)
      ? passedHeadUnlessStill(either)
      : passedHead(either).then(() => true);
    const replaced = this.#replaced(name, walking, either).then(() => false);
    try {
      return await Promise.race([passed, replaced]);
    } finally {
      over.abort(new Error('it is not waited for any more'));
      await Promise.allSettled([passed, replaced]);
    }
  }

  async #replaced(name: string, walking: Walking, signal: AbortSignal): Promise<void> {
    while (this.#open.get(name) === walking) await this.#moved.next(signal);
  }

  /** False: asked for again meanwhile, so what was walked may have been older than what made that necessary. */
  async #forget(name: string, walking: Walking): Promise<boolean> {
    if (this.#open.get(name) !== walking) return false;
    await this.#parts.memory.setWalk(name, undefined);
    this.#open.delete(name);
    return true;
  }

  #noteNext<Result>(note: () => Promise<Result>): Promise<Result> {
    const noted = this.#noting.then(note);
    this.#noting = noted.catch(() => undefined);
    return noted;
  }

  /** Null: it did not come to an end; it stays on the list. */
  async #attempt(collection: StreamCollection, signal: AbortSignal): Promise<WalkedCollection | null> {
    const { context } = this.#parts;
    try {
      return await walkCollection(collection, { ...this.#parts, context: { ...context, signal } });
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (signal.aborted || collection.stopped !== null) return null;
      if (error.class === 'collection') {
        await this.#parts.stop(collection, error);
        return null;
      }
      const { code, message } = error;
      if (error.class !== 'transient' && error.code !== 'retries-exhausted') throw error;
      const what = `walk ${collection.name}`;
      const { pipeline, events } = context;
      events.emit('retry', { pipeline, what, code, message, attempt: 1, delayMs: 0 });
      return null;
    }
  }

  async #settleThese(waiting: readonly (readonly [string, Walking])[], signal: AbortSignal): Promise<void> {
    const { collections, stop } = this.#parts;
    for (const each of waiting) this.#tell(...each);
    try {
      await this.#untilSettled(signal);
      for (const [, walking] of waiting) this.#settled.add(walking);
      this.#moved.fire();
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (signal.aborted) return;
      if (error.class !== 'collection') throw error;
      for (const [name] of waiting) {
        const collection = collections.get(name);
        if (collection !== undefined) await stop(collection, error);
      }
    }
  }

  /** A transaction that was open when capturing it began is told in part or not at all: what is read must show the whole of it. */
  async #untilSettled(signal: AbortSignal): Promise<void> {
    const { context } = this.#parts;
    await persisting(context, { what: 'find the head', signal }, () => context.feed.head('from', { signal }));
  }

  #tell(collection: string, { reason, fills }: Walking): void {
    const { pipeline, events } = this.#parts.context;
    const status = fills ? 'copying' : 'healing';
    const nextStep = 'it ends by itself';
    events.emit('collection.status', { pipeline, collection, status, reason, nextStep });
  }
}
