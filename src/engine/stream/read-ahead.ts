import type { Key, Position } from '../../protocol/names.ts';
import type { StreamCollection } from './collection.ts';
import type { StreamContext } from './context.ts';
import { type ReadKeys, readTouches } from './read-touches.ts';
import { keysToRead } from './sort-out.ts';
import type { TouchMarks } from './touch-marks.ts';
import type { Window } from './window.ts';

/** What was read of a collection before its window's turn. */
export interface KeysRead {
  readonly keys: ReadonlySet<Key>;
  readonly read: ReadKeys;
}

/** What was read for a window before its turn. */
export interface RowsAhead {
  /** By plan name: what may still be written. */
  of(collection: StreamCollection): KeysRead | null;
  /** Transactions that the reads have shown. */
  readonly shows: readonly string[];
  /** All of it is at or before this place of the source; null: nobody needs to know. */
  readonly through: Position | null;
}

export interface ReadAheadParts {
  readonly context: Pick<StreamContext, 'feed' | 'signal'>;
  readonly collections: ReadonlyMap<string, StreamCollection>;
  readonly marks: TouchMarks;
  readonly letters: { has(collection: string, key: Key): boolean };
  /** Transactions that reads for a window must show. */
  readonly shows: (window: Window) => readonly string[];
}

interface Reading {
  readonly window: Window;
  readonly rows: Promise<RowsAhead | null>;
}

interface Collected extends KeysRead {
  readonly collection: StreamCollection;
  /** What was marked by then. */
  readonly marked: number;
}

/**
 * Reads the rows that the next window needs while the one before it is on its way: the source and the destination work at the same time. What was read
 * is written only if nothing read any of it later: it begins once all reads of the window before are done, whoever reads in between has it
 * forgotten (`forget`), and a collection that was marked meanwhile is read again. So no older row follows a newer one.
 */
export class ReadAhead {
  readonly #parts: ReadAheadParts;
  #next: Reading | null = null;

  constructor(parts: ReadAheadParts) {
    this.#parts = parts;
  }

  /** Of a window that takes no more changes. */
  begin(window: Window): void {
    if (this.#next?.window === window) return;
    // Whatever fails is met, and told, when its turn has come.
    this.#next = { window, rows: this.#read(window).catch(() => null) };
  }

  forget(): void {
    this.#next = null;
  }

  /** Null: nothing was read for it. What was read for another window is forgotten. */
  async take(window: Window | null): Promise<RowsAhead | null> {
    const next = this.#next;
    this.#next = null;
    return next === null || next.window !== window ? null : await next.rows;
  }

  async #read(window: Window): Promise<RowsAhead | null> {
    const { context, marks, shows: showsOf } = this.#parts;
    const wanted = [...window.collections.keys()].flatMap((name) => this.#wanted(name, window));
    if (wanted.length === 0) return null;
    const shows = showsOf(window);
    const found = new Map<string, Collected>();
    for (const { collection, keys } of wanted) {
      const marked = marks.marked(collection.name);
      const read = await readTouches(collection, [...keys], { shows, signal: context.signal });
      // A read that answers under another spelling of a key can't be taken apart.
      const isPlain = [...read.changes, ...read.failures].every(({ key }) => keys.has(key));
      if (isPlain) found.set(collection.name, { collection, keys, read, marked });
    }
    return {
      shows,
      through: await this.#through([...found.values()]),
      of: (collection) => {
        const known = found.get(collection.name);
        const isCurrent = known?.collection === collection && known.marked === marks.marked(collection.name);
        return isCurrent ? known : null;
      },
    };
  }

  #wanted(name: string, { collections }: Window): readonly Pick<Collected, 'collection' | 'keys'>[] {
    const { marks, letters } = this.#parts;
    const collection = this.#parts.collections.get(name);
    const merged = collections.get(name);
    if (collection === undefined || merged === undefined || collection.stopped !== null) return [];
    const keys = keysToRead(collection, merged, {
      isMarked: (key) => marks.isMarked(name, key),
      hasLetter: (key) => letters.has(name, key),
    });
    return keys.length === 0 ? [] : [{ collection, keys: new Set(keys) }];
  }

  /** What a reader says never goes back; where one of the reads did not say, the source is asked. */
  async #through(found: readonly KeysRead[]): Promise<Position | null> {
    if (found.every(({ read }) => read.through !== null)) return found.at(-1)?.read.through ?? null;
    const { feed, signal } = this.#parts.context;
    if (feed.capabilities.content === 'touches') return null;
    const { positions } = await feed.head('through', { signal });
    return positions.values().next().value ?? null;
  }
}

/** Of some keys those that were read before, and what that read says of them. Whoever asked for a key wants it to be read now. */
export function alreadyRead(
  keys: ReadonlySet<Key>,
  ahead: KeysRead | null,
  asked: ReadonlyMap<Key, unknown>,
): KeysRead {
  if (ahead === null) return nothingRead;
  const known = keys.intersection(ahead.keys);
  for (const key of asked.keys()) known.delete(key);
  const counts = ({ key }: { readonly key: Key }): boolean => known.has(key);
  const { changes, failures, through } = ahead.read;
  const read = { changes: changes.filter(counts), failures: failures.filter(counts), through };
  return { keys: known, read };
}

const nothingRead: KeysRead = { keys: new Set(), read: { changes: [], failures: [], through: null } };
