import type { Change } from '../../protocol/change.ts';
import { type LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Key, Position } from '../../protocol/names.ts';
import type { StreamCollection } from './collection.ts';
import type { LetterBook } from './letter-book.ts';
import { isWhole, partOf } from './plan-part.ts';
import { alreadyRead, type RowsAhead } from './read-ahead.ts';
import { type ReadKeys, readTouches } from './read-touches.ts';
import { type RowSizes, rowBytes } from './row-sizes.ts';
import { type SortedOut, sortOut } from './sort-out.ts';
import type { TouchMarks } from './touch-marks.ts';
import type { Touch } from './touch-queue.ts';
import type { Window } from './window.ts';
import { emptyPlan, plainPart, type WindowPlan } from './window-plan.ts';

export interface PlanWindow {
  readonly collections: ReadonlyMap<string, StreamCollection>;
  readonly window: Window | null;
  /** By plan name: keys that walks and replays want to be read with it. */
  readonly touches: ReadonlyMap<string, ReadonlyMap<Key, Touch>>;
  readonly marks: TouchMarks;
  readonly letters: LetterBook;
  /** Told of what was read. */
  readonly sizes: RowSizes;
  /** What was read for the window before; null: nothing was. */
  readonly ahead: RowsAhead | null;
  /** Transactions that reads must show: thousands, so that only who reads asks for them. */
  readonly shows: () => readonly string[];
  /** Told of what reads have shown. */
  readonly seen: (transactions: readonly string[]) => void;
  /** A collection's own fault at the source: it is stopped, durably, and the rest goes on. */
  readonly stop: (collection: StreamCollection, error: LockstepError) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Makes of what the feed told, and of what is to be touched, the changes that the destination gets. Reads the source; writes nothing.
 * Collections that stopped are left out: they are walked before they go on.
 */
export async function planWindow(request: PlanWindow): Promise<WindowPlan> {
  const plan = emptyPlan();
  const { window, touches, collections, ahead } = request;
  plan.through = ahead?.through ?? null;
  for (const name of new Set([...(window?.collections.keys() ?? []), ...touches.keys()])) {
    const collection = collections.get(name);
    if (collection !== undefined && collection.stopped === null) await planOrStop(plan, collection, request);
  }
  return plan;
}

/** The same of a window without letters and marks, as far as nothing has to be read; null: something has. */
export function planTold(
  window: Window,
  collections: ReadonlyMap<string, StreamCollection>,
): WindowPlan | null {
  const plan = emptyPlan();
  for (const [name, merged] of window.collections) {
    const collection = collections.get(name);
    if (collection === undefined || merged.moved !== null) return null;
    const { changes, touches, failures } = sortOut(collection, merged, nobodyElse);
    if (touches.length > 0) return null;
    if (changes.length > 0) plan.parts.set(name, plainPart(collection, changes));
    if (failures.length > 0) plan.refused.set(name, failures.map(toRefused));
  }
  return plan;
}

const nobodyElse = { isMarked: () => false, hasLetter: () => false };

async function planOrStop(
  plan: WindowPlan,
  collection: StreamCollection,
  request: PlanWindow,
): Promise<void> {
  try {
    await planCollection(plan, collection, request);
  } catch (thrown) {
    const error = toLockstepError(thrown);
    if (error.class !== 'collection') throw thrown;
    await request.stop(collection, error);
  }
}

const nobodyRead: KeysFound = {
  found: { changes: [], failures: [], through: null },
  covered: 0,
  through: null,
};
const nothing: SortedOut = { changes: [], touches: [], failures: [], apart: [], toldThere: new Set() };

async function planCollection(
  plan: WindowPlan,
  collection: StreamCollection,
  request: PlanWindow,
): Promise<void> {
  const { window, touches, marks, letters, sizes } = request;
  const { name } = collection;
  const merged = window?.collections.get(name);
  const sorted =
    merged === undefined
      ? nothing
      : sortOut(collection, merged, {
          isMarked: (key) => marks.isMarked(name, key),
          hasLetter: (key) => letters.has(name, key),
        });
  const asked = touches.get(name) ?? new Map<Key, Touch>();
  const keys = new Set([...sorted.touches, ...asked.keys()]);
  letters.refusedMoves.withOtherEnds(name, keys);
  const { found, covered, through } =
    keys.size === 0 ? nobodyRead : await readKeys(collection, { request, keys, asked });
  const read = keys.size === 0 ? found : stillTold(collection, toldOnly(sorted, asked), found);
  if (keys.size > 0) sizes.read(name, { keys: keys.size, bytes: bytesOf(read.changes) });
  const changes = keys.size === 0 ? sorted.changes : lastOfEach([...told(sorted, keys), ...read.changes]);
  if (changes.length > 0) plan.parts.set(name, partOf(collection, changes, { merged, asked, keys, letters }));
  if (keys.size > 0) plan.read.set(name, [...keys]);
  plan.covered += covered;
  plan.through = through ?? plan.through;
  if (sorted.apart.length > 0) plan.apart.set(name, sorted.apart);
  const failures = [...sorted.failures, ...read.failures];
  if (failures.length > 0) plan.refused.set(name, failures.map(toRefused));
}

interface KeysWanted {
  readonly request: PlanWindow;
  readonly keys: ReadonlySet<Key>;
  readonly asked: ReadonlyMap<Key, Touch>;
}

interface KeysFound {
  readonly found: ReadKeys;
  /** How many of the keys were read at or before a place that is known; and that place, where it is newer than that of what was read ahead. */
  readonly covered: number;
  readonly through: Position | null;
}

/** Keys that were not read ahead are read now. */
async function readKeys(
  collection: StreamCollection,
  { request, keys, asked }: KeysWanted,
): Promise<KeysFound> {
  const { ahead } = request;
  const before = alreadyRead(keys, ahead?.of(collection) ?? null, asked);
  const coveredBefore = ahead === null || ahead.through === null ? 0 : before.keys.size;
  const rest = before.keys.size === 0 ? keys : keys.difference(before.keys);
  if (rest.size === 0) return { found: before.read, covered: coveredBefore, through: null };
  const shows = request.shows();
  const now = await readTouches(collection, [...rest], { shows, signal: request.signal });
  request.seen(shows);
  const { through } = now;
  return {
    found: {
      changes: [...before.read.changes, ...now.changes],
      failures: [...before.read.failures, ...now.failures],
      through,
    },
    covered: coveredBefore + (through === null ? 0 : rest.size),
    through,
  };
}

/**
 * Rows that the feed told and that are gone by now: it will tell how. Most likely they were deleted, but one that got another key is lost
 * when its former one leaves before the new one is known. Not where a row may be there and still not belong.
 */
function stillTold(collection: StreamCollection, toldThere: ReadonlySet<Key>, read: ReadKeys): ReadKeys {
  if (toldThere.size === 0 || !isWhole(collection)) return read;
  const changes = read.changes.filter(({ kind, key }) => kind !== 'leave' || !toldThere.has(key));
  return { ...read, changes };
}

/** Whoever asked for a key wants it to be as the source is now. */
const toldOnly = ({ toldThere }: SortedOut, asked: ReadonlyMap<Key, Touch>): ReadonlySet<Key> =>
  asked.size === 0 ? toldThere : toldThere.difference(new Set(asked.keys()));

/** What is read again says more than what was told. */
const told = ({ changes }: SortedOut, read: ReadonlySet<Key>): readonly Change[] =>
  changes.filter(({ key }) => !read.has(key));

const bytesOf = (changes: readonly Change[]): number =>
  changes.reduce((sum, change) => sum + ('row' in change ? rowBytes(change.row) : 0), 0);

/** A read may answer under another spelling of a key that has a change of its own. */
function lastOfEach(changes: readonly Change[]): Change[] {
  const byKey = new Map<Key, Change>();
  for (const change of changes) byKey.set(change.key, change);
  return byKey.size === changes.length ? [...changes] : [...byKey.values()];
}

const toRefused = ({ key, error }: { readonly key: Key; readonly error: LockstepError }) => ({
  key,
  code: error.code,
  message: error.message,
  until: null,
});
