import { isLockstepError, type LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { Key, Position, Shard } from '../../protocol/names.ts';
import type { WindowWrite } from '../../protocol/writer.ts';
import { tellKeys } from '../apply/tell-keys.ts';
import type { AlternativeBook } from './alternative-book.ts';
import { type AppliedWindow, summaryOf } from './applied-window.ts';
import type { StreamCollection } from './collection.ts';
import type { StreamContext } from './context.ts';
import { Foresight } from './foresight.ts';
import type { Gauges } from './gauges.ts';
import type { LeavingHolder } from './hold-leavings.ts';
import { LanedWriter } from './lanes/laned-writer.ts';
import type { TornWindows, WindowExtent } from './lanes/torn-windows.ts';
import type { LetterBook, RefusedKey } from './letter-book.ts';
import { Perseverance, type Trouble } from './persevere.ts';
import { planWindow } from './plan-window.ts';
import { ReadAhead } from './read-ahead.ts';
import { RetryExtent } from './retry-extent.ts';
import type { RowSizes } from './row-sizes.ts';
import type { Reached, TouchMarks } from './touch-marks.ts';
import type { Touch } from './touch-queue.ts';
import type { UnseenTransactions } from './unseen.ts';
import type { Window } from './window.ts';
import { WindowMarks } from './window-marks.ts';
import { emptyPlan, keysIn, type PlannedPart, toWritten, type WindowPlan } from './window-plan.ts';
import type { WriteRequest, WrittenPart } from './write-request.ts';
import { clashesOf, WindowWriter } from './write-window.ts';

export type Touches = ReadonlyMap<string, ReadonlyMap<Key, Touch>>;

export interface ApplierParts {
  readonly context: StreamContext;
  readonly collections: ReadonlyMap<string, StreamCollection>;
  readonly gauges: Gauges;
  readonly marks: TouchMarks;
  readonly letters: LetterBook;
  readonly alternatives: AlternativeBook;
  readonly holder: LeavingHolder;
  readonly sizes: RowSizes;
  /** Marks that an earlier process left at the destination, by plan name. */
  readonly kept: ReadonlySet<string>;
  /** Where each shard stands. */
  readonly positions: ReadonlyMap<Shard, Position>;
  readonly torn: TornWindows;
  readonly unseen: UnseenTransactions;
  readonly trouble: { readonly source: Trouble; readonly destination: Trouble };
  /** What fails once it has aborted is not tried again: whoever pauses does not wait for a side that is away. */
  readonly hurry: () => AbortSignal;
  readonly stop: (collection: StreamCollection, error: LockstepError) => Promise<void>;
}

interface StreamPlace {
  readonly shard: Shard;
  readonly at: Position;
}

/** Where a window takes the stream, and in which way. */
interface Place extends Pick<WriteRequest, 'position' | 'extent' | 'isLaned'> {
  /** The position is written by itself, after the rows. */
  readonly isApart: boolean;
}

const noTouches: Touches = new Map();

/** Brings windows to the destination, one after the other: each is durable there, with its position, when `apply` returns. */
export class Applier {
  readonly #parts: ApplierParts;
  readonly #source: Perseverance;
  readonly #destination: Perseverance;
  readonly #writer: WindowWriter;
  readonly #foresight: Foresight;
  readonly #ahead: ReadAhead;
  readonly #unseen: UnseenTransactions;
  readonly #retries = new RetryExtent();
  readonly #lanes: LanedWriter;
  readonly #positions: Map<Shard, Position>;
  /** Collections that have a mark at the destination. */
  readonly #kept: Set<string>;
  /** Where the stream stands. */
  #at: StreamPlace | null = null;
  /** The window that comes next, as far as is known. */
  #next: Window | null = null;
  /** What is written just now, once all its keys have been read and marked; null: nothing, or not yet. */
  #read: { readonly plan: WindowPlan; readonly keys: number } | null = null;

  constructor(parts: ApplierParts) {
    const { context, letters, alternatives, trouble, hurry } = parts;
    this.#parts = parts;
    this.#kept = new Set(parts.kept);
    this.#foresight = new Foresight({ ...parts, writer: context.writer });
    this.#source = new Perseverance(context, { what: 'read the source', trouble: trouble.source, hurry });
    const what = 'write the destination';
    this.#destination = new Perseverance(context, { what, trouble: trouble.destination, hurry });
    this.#positions = new Map(parts.positions);
    this.#unseen = parts.unseen;
    this.#ahead = new ReadAhead({
      ...parts,
      shows: ({ transactions }) => {
        this.#unseen.told(transactions);
        return this.#unseen.all;
      },
    });
    this.#lanes = new LanedWriter(context.writer, context.settings.stream.lanes);
    this.#writer = new WindowWriter({
      context,
      lanes: this.#lanes,
      letters,
      alternatives,
      destination: this.#destination,
      shows: () => this.#unseen.all,
      stop: ({ collection }, error) => parts.stop(collection, error),
    });
  }

  /** A window that failed was not tried again, and may be at the destination or not: its positions are to be read anew. */
  get isInDoubt(): boolean {
    return this.#destination.gaveUp;
  }

  /** It is most likely what `apply` is asked for next: makes it ready as far as that can be done before. */
  foresee(window: Window): void {
    this.#foresight.foresee(window);
    this.#next = window;
    this.#readAhead();
  }

  /** Not before the window under way has read all it needs: what is read for the next one is newer then. */
  #readAhead(): void {
    if (this.#next !== null && this.#read !== null) this.#ahead.begin(this.#next);
  }

  async apply(window: Window | null, touches: Touches = noTouches): Promise<AppliedWindow> {
    this.#next = null;
    const plan = await this.#plan(window, touches);
    await this.#prepare(plan);
    const place = this.#placeOf(window, plan);
    const written = await this.#bring(plan, place).finally(() => this.#endReading());
    if (place.position !== null) this.#movedTo(place.position);
    // What was refused just now may wait for a head that this window has reached already.
    if (this.#at !== null) this.#parts.letters.passed(this.#at.at, this.#reached(this.#at.shard));
    return {
      ...summaryOf(written),
      touches: [...plan.read.values()].reduce((sum, keys) => sum + keys.length, 0),
      laned: place.isLaned,
    };
  }

  /** What was read for the window on its way may be newer than what was read ahead for the next one. */
  #endReading(): void {
    if (this.#read !== null && keysIn(this.#read.plan.read) !== this.#read.keys) this.#ahead.forget();
    this.#read = null;
  }

  /** What could not be planned gets its letter, what may not leave unweighed is held, and keys that go apart are tried later. */
  async #prepare(plan: WindowPlan): Promise<void> {
    const { letters, holder, gauges } = this.#parts;
    for (const [name, refused] of plan.refused)
      if (!(await this.#putLetters(name, refused))) plan.parts.delete(name);
    for (const part of plan.parts.values()) await holder.hold(part, gauges, this.#parts.hurry());
    for (const [name, keys] of plan.apart) letters.wake(name, keys);
  }

  #placeOf(window: Window | null, plan: WindowPlan): Place {
    const at = window?.boundary ?? null;
    const position = window === null || at === null ? null : { shard: window.shard, lane: 0, at };
    const extent = this.#extentOf(position);
    const isLaned = extent !== null && this.#wantsLanes(plan);
    // Which keys others hold shows only when the rows are written; their letters come before the position that covers them.
    const isApart = isLaned || (position !== null && [...plan.parts.values()].some(mayClash));
    return { position, extent, isLaned, isApart };
  }

  /** Writes what is planned, with its position or before it; both are durable when it returns. */
  async #bring(
    plan: WindowPlan,
    { position, extent, isLaned, isApart }: Place,
  ): Promise<readonly WrittenPart[]> {
    const passed = position === null ? [] : this.#passed(position);
    // Parts of it may be there before its position is.
    if (position !== null) this.#parts.torn.begin(position.shard, position.at);
    const written = await this.#write(
      plan,
      { position: isApart ? null : position, extent, isLaned },
      isApart ? [] : passed,
    );
    if (plan.parts.size > 0) await this.#settle(written);
    if (isApart && position !== null) {
      reach('stream.lanes.before-position');
      const alone = { position, extent: null, isLaned: false };
      await this.#write(emptyPlan(), alone, this.#outlived(passed, position));
    }
    return written;
  }

  #movedTo(position: NonNullable<Place['position']>): void {
    const { torn, marks } = this.#parts;
    this.#at = position;
    this.#positions.set(position.shard, position.at);
    torn.end(position.shard);
    marks.passed(position.at, this.#reached(position.shard));
  }

  /** Null: it ends inside a transaction of the source, or the destination has only one position. */
  #extentOf(position: Place['position']): WindowExtent | null {
    const from = position === null ? undefined : this.#positions.get(position.shard);
    if (position === null || from === undefined || this.#parts.context.writer.lanes === undefined)
      return null;
    return { shard: position.shard, from, at: position.at };
  }

  #wantsLanes(plan: WindowPlan): boolean {
    const isMarked = plan.read.size > 0 && this.#parts.context.feed.capabilities.content !== 'touches';
    return !isMarked && this.#lanes.wants([...plan.parts.values()].map(toWritten));
  }

  /** `passed`: marks that go with the position. */
  async #write(
    plan: WindowPlan,
    where: Pick<WriteRequest, 'position' | 'extent' | 'isLaned'>,
    passed: readonly string[],
  ): Promise<readonly WrittenPart[]> {
    const marks = new WindowMarks({
      plan,
      believesReaders: this.#parts.context.feed.capabilities.content === 'rows',
      through: () => this.#through(),
      passed,
      kept: this.#kept,
    });
    const written = await this.#writer.write({
      plan,
      ...where,
      marks: async () => {
        const all = await this.#mark(marks);
        this.#read ??= { plan, keys: keysIn(plan.read) };
        this.#readAhead();
        return all;
      },
      freshMarks: async () => new Map([...(await this.#mark(marks))].filter(([, until]) => until !== null)),
    });
    marks.written();
    return written;
  }

  /** Tries keys again whose time has come, by themselves. Null: there are none. */
  async retryDue(): Promise<AppliedWindow | null> {
    const { letters, alternatives, collections, context } = this.#parts;
    const isActive = (name: string): boolean => collections.get(name)?.stopped === null;
    const { keys: most, isWide } = this.#retries;
    const tried = letters.takeDue(Math.min(most, this.#fittingRows()), { isActive, isWide });
    const waiting = alternatives.takeDue(this.#fittingRows(), isActive);
    if (tried.size === 0 && waiting.size === 0) return null;
    const applied = await this.apply(null, touchesOf(tried, waiting)).catch((thrown: unknown) => {
      for (const [name, keys] of tried) letters.wake(name, keys);
      for (const [name, keys] of waiting) alternatives.wake(name, keys);
      throw thrown;
    });
    if (tried.size === 0) return applied;
    const { blocked, cured } = letters.outcomeOf(tried);
    const stillBlocked = (): number => letters.blocked(isActive);
    const againAtMs = this.#retries.tried(
      { blocked: blocked.length, cured, waiting: stillBlocked },
      context.clock.now(),
    );
    const [any] = blocked;
    if (againAtMs !== null && any !== undefined) letters.wakeAt(any.collection, any.key, againAtMs);
    return applied;
  }

  /** How many rows of the collections with letters are surely no more than may be in memory at once. */
  #fittingRows(): number {
    const { collections, letters, sizes, context } = this.#parts;
    const names = [...collections.keys()].filter((name) => letters.hasAny(name));
    const largest = Math.max(1, ...names.map((name) => sizes.of(name)));
    return Math.max(1, Math.floor(context.settings.stream.transactionBytes / largest));
  }

  /** False: it has too many, and has stopped. */
  async #putLetters(name: string, refused: readonly RefusedKey[]): Promise<boolean> {
    const { letters, collections, stop } = this.#parts;
    try {
      await letters.put(name, refused);
      return true;
    } catch (thrown) {
      const collection = collections.get(name);
      if (collection === undefined || !isLockstepError(thrown, 'dead-letters-full')) throw thrown;
      await stop(collection, thrown);
      return false;
    }
  }

  async #plan(window: Window | null, touches: Touches): Promise<WindowPlan> {
    const { context, collections, marks, letters, sizes, stop } = this.#parts;
    if (window !== null) this.#unseen.told(window.transactions);
    let told: readonly string[] | null = null;
    const shows = (): readonly string[] => {
      told ??= this.#unseen.all;
      return told;
    };
    const { signal } = context;
    const ahead = await this.#ahead.take(window);
    if (ahead !== null) this.#unseen.seen(ahead.shows);
    const foreseen = window === null || touches.size > 0 ? null : this.#foresight.take(window);
    const seen = this.#unseen.seen.bind(this.#unseen);
    const plan =
      foreseen ??
      (await this.#source.until(() =>
        planWindow({ collections, window, touches, marks, letters, sizes, ahead, shows, seen, stop, signal }),
      ));
    if (plan.read.size === 0 && this.#unseen.isMany) await this.#proveSeen(shows());
    return plan;
  }

  /** A read without keys, only to learn that all that was told can be seen by now. */
  async #proveSeen(shows: readonly string[]): Promise<void> {
    const [any] = this.#parts.collections.values();
    if (any === undefined) return;
    const { signal } = this.#parts.context;
    const { moment, plan, source } = any.work;
    await this.#source.until(() =>
      moment.read(signal, (snapshot) =>
        snapshot.lookup(plan.source, [], { ...source, notBefore: null, shows, signal }),
      ),
    );
    this.#unseen.seen(shows);
  }

  /** Keys that were read again are marked until the stream has passed what the source has told by now. */
  async #mark(marks: WindowMarks): Promise<WindowWrite['marks']> {
    const { context } = this.#parts;
    if (context.feed.capabilities.content === 'touches') return new Map();
    const fresh = await marks.fresh();
    for (const { collection, keys, until } of fresh) this.#parts.marks.mark(collection, keys, until);
    return marks.all;
  }

  async #through(): Promise<Position> {
    const { feed, signal } = this.#parts.context;
    const { positions } = await this.#source.until(() => feed.head('through', { signal }));
    const [position] = positions.values();
    if (position === undefined) throw new Error('a feed has at least one shard');
    return position;
  }

  /** Marks at the destination that nobody needs once the stream has come to this position. They go in memory when it has. */
  #passed(position: StreamPlace): readonly string[] {
    this.#parts.letters.passed(position.at, this.#reached(position.shard));
    return this.#outlived([...this.#kept], position);
  }

  #outlived(names: readonly string[], { shard, at }: StreamPlace): readonly string[] {
    const reached = this.#reached(shard);
    return names.filter((name) => !this.#parts.marks.outlives(name, at, reached));
  }

  #reached(shard: Shard): Reached {
    const { feed } = this.#parts.context;
    return (here, until) => feed.order(shard, here, until) !== 'before';
  }

  async #settle(written: readonly WrittenPart[]): Promise<void> {
    const { collections, letters, alternatives, gauges, context } = this.#parts;
    for (const each of written) {
      const { collection, mayLeave } = each.part;
      tellKeys({ context, collection: collection.name }, each.changes, each.outcomes);
      if (!collections.has(collection.name)) continue;
      const clashes = clashesOf(each);
      if (!(await this.#putLetters(collection.name, clashes))) continue;
      await alternatives.written(each.part, each.changes);
      const clashing = new Set(clashes.map(({ key }) => key));
      if (letters.hasAny(collection.name))
        await letters.resolve(
          collection.name,
          each.changes.map(({ key }) => key).filter((key) => !clashing.has(key)),
        );
      const { inserted, left } = summaryOf([each]);
      const isAllowed = (key: Key, index: number): boolean =>
        mayLeave.has(key) && each.outcomes[index]?.kind === 'left';
      const allowed =
        mayLeave.size === 0 ? 0 : each.changes.filter(({ key }, index) => isAllowed(key, index)).length;
      gauges.moved(collection.name, { inserted, left, allowed }, context.clock.now());
    }
  }
}

/** Nothing of what is only tried again may leave without being weighed. */
const touchesOf = (...sets: readonly ReadonlyMap<string, readonly Key[]>[]): Touches => {
  const touches = new Map<string, Map<Key, Touch>>();
  for (const [name, keys] of sets.flatMap((set) => [...set])) {
    const known = touches.get(name) ?? new Map<Key, Touch>();
    for (const key of keys) known.set(key, { mayLeave: false });
    touches.set(name, known);
  }
  return touches;
};

/** Rows of others are at the target too. */
const mayClash = ({ collection: { target } }: PlannedPart): boolean => target.plan.scope.kind !== 'all';
