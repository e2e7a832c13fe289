import type { DeadLetter, LetterState, NewLetter } from '../../protocol/control-store.ts';
import { catalogue, type ErrorCode } from '../../protocol/errors/catalogue.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { Key, Position } from '../../protocol/names.ts';
import type { Row } from '../../protocol/value.ts';
import type { StreamContext } from './context.ts';
import { DueKeys } from './due-keys.ts';
import { RefusedMoves } from './refused-moves.ts';
import type { Reached } from './touch-marks.ts';

const lettersPerPage = 1_000;
const firstRetryMs = 20;
const lastRetryMs = 5_000;

interface Entry {
  readonly state: LetterState;
  readonly until: Position | null;
  /** Attempts in a row that changed nothing. */
  readonly attempts: number;
  /** Another key is in its way: it is tried again when another letter's key has arrived. */
  readonly isBlocked: boolean;
  /** Its row goes on under another key, and the destination could not follow: should it leave, then nothing else with it. */
  readonly isSpared: boolean;
}

export interface TakeOptions {
  /** Whether the collection may be tried. */
  readonly isActive: (collection: string) => boolean;
  readonly isWide: boolean;
}

export interface RefusedKey {
  readonly key: Key;
  readonly code: ErrorCode;
  readonly message: string;
  /** Null: nothing that is under way can cure it. */
  readonly until: Position | null;
  /** As it was refused. */
  readonly row?: Row | undefined;
}

/**
 * Which keys have a letter, in memory, beside the control store that keeps them. A letter is durable before the position that covers its
 * change moves.
 */
export class LetterBook {
  readonly #context: StreamContext;
  readonly #byCollection = new Map<string, Map<Key, Entry>>();
  /** Of deferred ones, and of parked ones that changed again or that somebody asked for. */
  readonly #due = new DueKeys();
  /** Deferred keys by the position that they wait for. */
  readonly #waiting = new Map<Position, { readonly collection: string; readonly key: Key }[]>();
  readonly #spared = new Map<string, Set<Key>>();
  readonly refusedMoves = new RefusedMoves();
  #newest: number;

  private constructor(context: StreamContext, newest: number) {
    this.#context = context;
    this.#newest = newest;
  }

  /** Letters of an earlier process are tried once: what cured them may have come while nobody watched. */
  static async open(context: StreamContext): Promise<LetterBook> {
    const { store, pipeline } = context;
    const book = new LetterBook(context, await store.deadLetters.newest(pipeline));
    let afterId = 0;
    for (;;) {
      const letters = await store.deadLetters.list(pipeline, { afterId, limit: lettersPerPage });
      const last = letters.at(-1);
      if (last === undefined) return book;
      afterId = last.id;
      for (const letter of letters) book.#remember(letter);
    }
  }

  /** The highest number of a letter so far. */
  get newest(): number {
    return this.#newest;
  }

  has(collection: string, key: Key): boolean {
    return this.#byCollection.get(collection)?.has(key) ?? false;
  }

  hasAny(collection: string): boolean {
    return (this.#byCollection.get(collection)?.size ?? 0) > 0;
  }

  /** Keys whose leaving must not take rows of others with it. */
  spared(collection: string): ReadonlySet<Key> {
    return this.#spared.get(collection) ?? none;
  }

  /** Keys to be tried now, at most so many. `isWide`: with them keys that are not due and that others are in the way of. */
  takeDue(most: number, { isActive, isWide }: TakeOptions): ReadonlyMap<string, readonly Key[]> {
    const due = this.#due.take(this.#context.clock.now(), most, isActive);
    return isWide && due.size > 0 ? this.#widened(due, most, isActive) : due;
  }

  #widened(
    due: ReadonlyMap<string, readonly Key[]>,
    most: number,
    isActive: TakeOptions['isActive'],
  ): ReadonlyMap<string, readonly Key[]> {
    const taken = new Map([...due].map(([name, keys]) => [name, new Set(keys)] as const));
    let room = most - [...taken.values()].reduce((sum, keys) => sum + keys.size, 0);
    for (const [collection, entries] of this.#byCollection) {
      if (!isActive(collection)) continue;
      const keys = taken.get(collection) ?? new Set();
      for (const [key, { isBlocked }] of entries) {
        if (room <= 0) break;
        if (!isBlocked || keys.has(key)) continue;
        keys.add(key);
        this.#due.delete(collection, key);
        room -= 1;
      }
      if (keys.size > 0) taken.set(collection, keys);
    }
    return new Map([...taken].map(([name, keys]) => [name, [...keys]] as const));
  }

  /** How many keys others are in the way of, in collections that may be tried. */
  blocked(isActive: (collection: string) => boolean): number {
    let count = 0;
    for (const [collection, entries] of this.#byCollection)
      if (isActive(collection)) for (const { isBlocked } of entries.values()) if (isBlocked) count += 1;
    return count;
  }

  /** Of these keys, the ones that others are in the way of still, and the ones that have no letter any more. */
  outcomeOf(tried: ReadonlyMap<string, readonly Key[]>): {
    readonly blocked: readonly { readonly collection: string; readonly key: Key }[];
    readonly cured: number;
  } {
    const blocked: { readonly collection: string; readonly key: Key }[] = [];
    let cured = 0;
    for (const [collection, keys] of tried)
      for (const key of keys) {
        const entry = this.#entry(collection, key);
        if (entry === undefined) cured += 1;
        else if (entry.isBlocked) blocked.push({ collection, key });
      }
    return { blocked, cured };
  }

  /** It is tried then, whatever its state. */
  wakeAt(collection: string, key: Key, atMs: number): void {
    if (this.has(collection, key)) this.#due.set(collection, key, atMs);
  }

  /** When the next one may be due; null: none is. */
  nextDueAtMs(): number | null {
    return this.#due.nextAtMs();
  }

  /** These keys changed again, or somebody asked: they are tried as soon as possible. */
  wake(collection: string, keys: Iterable<Key>): void {
    for (const key of keys) if (this.has(collection, key)) this.#due.set(collection, key, 0);
  }

  /**
   * Keys that others were in the way of: one of those may have been cured just now, by a walk or as a letter. Who was refused often waits
   * longer, so that one cure after the other costs little.
   */
  wakeBlocked(): void {
    for (const [collection, entries] of this.#byCollection)
      for (const [key, { state, attempts, isBlocked }] of entries)
        if (isBlocked && state === 'parked' && !this.#due.has(collection, key))
          this.#due.set(collection, key, this.#context.clock.now() + retryDelayMs(attempts));
  }

  /** Durable on return. Over the limit nothing is written, and the collection has to stop: `dead-letters-full`. */
  async put(collection: string, refused: readonly RefusedKey[]): Promise<void> {
    if (refused.length === 0) return;
    const { store, pipeline, fence, settings, events } = this.#context;
    const letters = refused.map((each) => this.#letterOf(collection, each));
    reach('dead-letter.put.before');
    const { full } = await store.deadLetters.put({ pipeline, fence }, letters, settings.deadLetterLimit);
    reach('dead-letter.put.after');
    if (full) throw new LockstepError('dead-letters-full', { collection, limit: settings.deadLetterLimit });
    this.#newest = await store.deadLetters.newest(pipeline);
    for (const { key, code, message, state, until } of letters) {
      if (state === 'parked' && this.#entry(collection, key)?.state !== 'parked')
        events.emit('dead-letter.put', { pipeline, collection, key, code, message });
      this.#note(collection, key, { state, until, ...reasonOf(code) });
    }
  }

  /** These keys are right now, or gone. */
  async resolve(collection: string, keys: readonly Key[]): Promise<void> {
    const entries = this.#byCollection.get(collection);
    const known = entries === undefined ? [] : keys.filter((key) => entries.has(key));
    if (known.length === 0) return;
    const { store, pipeline, fence, events } = this.#context;
    const parked = known.filter((key) => entries?.get(key)?.state === 'parked');
    reach('dead-letter.resolve.before');
    await store.deadLetters.resolve({ pipeline, fence }, collection, known);
    reach('dead-letter.resolve.after');
    for (const key of known) {
      entries?.delete(key);
      this.#spared.get(collection)?.delete(key);
      this.#due.delete(collection, key);
    }
    this.refusedMoves.resolved(collection, known);
    this.wakeBlocked();
    if (parked.length > 0)
      events.emit('dead-letter.resolved', { pipeline, collection, count: parked.length, keys: parked });
  }

  /** The stream has come to this position: deferred keys that waited for it are tried once more and are parked if that does not help. */
  passed(at: Position, reached: Reached): void {
    for (const [until, keys] of this.#waiting) {
      if (!reached(at, until)) continue;
      this.#waiting.delete(until);
      for (const { collection, key } of keys) this.#lastAttempt(collection, key);
    }
  }

  #lastAttempt(collection: string, key: Key): void {
    const entry = this.#entry(collection, key);
    if (entry?.state !== 'deferred') return;
    this.#set(collection, key, { ...entry, until: null });
    this.#due.set(collection, key, 0);
  }

  #letterOf(
    collection: string,
    { key, code, message, until, row }: RefusedKey,
  ): NewLetter & Required<Pick<NewLetter, 'state' | 'until'>> {
    const known = this.#entry(collection, key);
    // What was waited for has passed, or nothing is waited for.
    const isParked = known === undefined ? until === null : known.state === 'parked' || known.until === null;
    const state: LetterState = isParked ? 'parked' : 'deferred';
    const waits = known === undefined ? until : known.until;
    const sealed = row === undefined ? null : this.#context.seal(row, { collection, key });
    const failedAtMs = this.#context.clock.now();
    return { collection, key, code, message, failedAtMs, state, until: waits, sealed };
  }

  #note(collection: string, key: Key, told: Omit<Entry, 'attempts'>): void {
    const { state, until } = told;
    const known = this.#entry(collection, key);
    const attempts = (known?.attempts ?? 0) + 1;
    this.#set(collection, key, { ...told, attempts });
    if (state === 'parked') {
      this.#due.delete(collection, key);
      return;
    }
    this.#due.set(collection, key, this.#context.clock.now() + retryDelayMs(attempts));
    if (known === undefined) this.#wait(collection, key, until);
  }

  #remember({ collection, key, code, state, until }: DeadLetter): void {
    this.#set(collection, key, { state, until, attempts: 0, ...reasonOf(code) });
    this.#due.set(collection, key, 0);
    if (state === 'deferred') this.#wait(collection, key, until);
  }

  #wait(collection: string, key: Key, until: Position | null): void {
    if (until === null) return;
    const waiting = this.#waiting.get(until);
    if (waiting === undefined) this.#waiting.set(until, [{ collection, key }]);
    else waiting.push({ collection, key });
  }

  #entry(collection: string, key: Key): Entry | undefined {
    return this.#byCollection.get(collection)?.get(key);
  }

  #set(collection: string, key: Key, entry: Entry): void {
    const entries = this.#byCollection.get(collection);
    if (entries === undefined) this.#byCollection.set(collection, new Map([[key, entry]]));
    else entries.set(key, entry);
    if (entry.isSpared) this.#spare(collection).add(key);
    else this.#spared.get(collection)?.delete(key);
  }

  #spare(collection: string): Set<Key> {
    const known = this.#spared.get(collection);
    if (known !== undefined) return known;
    const made = new Set<Key>();
    this.#spared.set(collection, made);
    return made;
  }
}

const none: ReadonlySet<Key> = new Set();

const reasonOf = (code: ErrorCode): Pick<Entry, 'isBlocked' | 'isSpared'> => ({
  isBlocked: catalogue[code].class === 'deferred',
  isSpared: code === 'key-change-refused',
});

const retryDelayMs = (attempts: number): number =>
  Math.min(lastRetryMs, firstRetryMs * 2 ** Math.min(attempts, 20));
