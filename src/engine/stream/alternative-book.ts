import type { Change } from '../../protocol/change.ts';
import type { Key } from '../../protocol/names.ts';
import { chooseAlternatives, hasAlternatives } from '../alternatives/choose.ts';
import { forgetBeaten, readBeaten, saveBeaten } from '../alternatives/record.ts';
import { type ExpectedOptions, readExpected } from '../walk/confirm.ts';
import type { StreamCollection } from './collection.ts';
import type { StreamContext } from './context.ts';
import { DueKeys } from './due-keys.ts';
import type { PlannedPart } from './window-plan.ts';

interface Entries {
  /** Rows that do not have their own value → rows of ours that are why. */
  readonly beaten: Map<Key, readonly Key[]>;
  /** The same the other way round. */
  readonly waiting: Map<Key, Set<Key>>;
  /** Rows that get their own value with the next write: forgotten once that is durable, for they would never be looked at again. */
  readonly curing: Set<Key>;
}

/**
 * Which rows have another value than their own in a column with alternatives, and who is in their way: when that row changes or goes, they
 * are read and written again. Their keys are durable before the window that writes them, so a crash forgets none; whatever one of an earlier
 * process waited for, it is looked at once. A row that is not ours tells us nothing when it changes: that is found by the next comparison.
 */
export class AlternativeBook {
  readonly #context: StreamContext;
  readonly #byCollection = new Map<string, Entries>();
  readonly #due = new DueKeys();

  private constructor(context: StreamContext) {
    this.#context = context;
  }

  static async open(
    context: StreamContext,
    collections: Iterable<StreamCollection>,
  ): Promise<AlternativeBook> {
    const book = new AlternativeBook(context);
    for (const { name, work } of collections) {
      if (!hasAlternatives(work)) continue;
      const keys = await readBeaten(context, name);
      for (const key of keys) book.#set(name, key, []);
      book.wake(name, keys);
    }
    return book;
  }

  has(collection: string, key: Key): boolean {
    return this.#byCollection.get(collection)?.beaten.has(key) ?? false;
  }

  get isDue(): boolean {
    return this.#due.nextAtMs() !== null;
  }

  takeDue(most: number, isActive: (collection: string) => boolean): ReadonlyMap<string, readonly Key[]> {
    return this.#due.take(this.#context.clock.now(), most, isActive);
  }

  wake(collection: string, keys: Iterable<Key>): void {
    for (const key of keys) this.#due.set(collection, key, 0);
  }

  /**
   * Gives these rows of a part the values that they may have, and adds rows that have to give way. Who does not get his own is durably
   * remembered on return. `read`: keys that were read at the source.
   */
  async choose(
    { collection, changes, own }: PlannedPart,
    keys: ReadonlySet<Key>,
    options: ExpectedOptions,
  ): Promise<{ readonly changes: readonly Change[]; readonly read: readonly Key[] }> {
    const { work, name } = collection;
    const rows = changes.flatMap((change) =>
      change.kind === 'upsert' && keys.has(change.key)
        ? [{ key: change.key, row: own.get(change.key) ?? change.row }]
        : [],
    );
    const read: Key[] = [];
    const chosen = await chooseAlternatives(work, rows, async (wanted) => {
      read.push(...wanted);
      const { rows: found } = await readExpected(work, wanted, options);
      for (const { key, row } of found) own.set(key, row);
      return found;
    });
    for (const { key, row } of rows) own.set(key, row);
    const upserts = [...chosen.rows, ...chosen.giving].map(
      ({ key, row }): Change => ({ kind: 'upsert', key, row }),
    );
    await this.#remember(name, upserts, chosen.beaten);
    const settled = new Set(upserts.map(({ key }) => key));
    return { changes: [...changes.filter(({ key }) => !settled.has(key)), ...upserts], read };
  }

  /** A part is durable: who waited for one of its rows is looked at again. */
  async written({ collection: { name } }: PlannedPart, changes: readonly Change[]): Promise<void> {
    const entries = this.#byCollection.get(name);
    if (entries === undefined) return;
    const over = changes.filter(
      ({ kind, key }) => entries.curing.has(key) || (kind === 'leave' && entries.beaten.has(key)),
    );
    await this.#release(
      name,
      over.map(({ key }) => key),
    );
    for (const { key } of changes) this.wake(name, entries.waiting.get(key) ?? []);
  }

  async #remember(
    collection: string,
    upserts: readonly Change[],
    beaten: ReadonlyMap<Key, readonly Key[]>,
  ): Promise<void> {
    const fresh = [...beaten.keys()].filter((key) => !this.has(collection, key));
    await saveBeaten(this.#context, collection, fresh);
    for (const [key, by] of beaten) this.#set(collection, key, by);
    const { events, pipeline } = this.#context;
    for (const key of fresh) events.emit('alternative.taken', { pipeline, collection, key });
    const curing = this.#byCollection.get(collection)?.curing;
    for (const { key } of upserts) if (!beaten.has(key) && this.has(collection, key)) curing?.add(key);
  }

  async #release(collection: string, keys: readonly Key[]): Promise<void> {
    if (keys.length === 0) return;
    const { events, pipeline } = this.#context;
    await forgetBeaten(this.#context, collection, keys);
    for (const key of keys) {
      this.#unset(collection, key);
      events.emit('alternative.released', { pipeline, collection, key });
    }
  }

  #set(collection: string, key: Key, by: readonly Key[]): void {
    this.#unset(collection, key);
    const entries = this.#byCollection.get(collection) ?? {
      beaten: new Map(),
      waiting: new Map(),
      curing: new Set(),
    };
    this.#byCollection.set(collection, entries);
    entries.beaten.set(key, by);
    for (const blocker of by)
      entries.waiting.set(blocker, (entries.waiting.get(blocker) ?? new Set()).add(key));
  }

  #unset(collection: string, key: Key): void {
    const entries = this.#byCollection.get(collection);
    for (const blocker of entries?.beaten.get(key) ?? []) {
      const waiting = entries?.waiting.get(blocker);
      waiting?.delete(key);
      if (waiting?.size === 0) entries?.waiting.delete(blocker);
    }
    entries?.beaten.delete(key);
    entries?.curing.delete(key);
  }
}
