import type { EventMap, EventName } from '../../protocol/events.ts';

/** How far the collections of a pass are: pure figures, made from events and a clock that the caller reads. */
export interface Progress {
  readonly collections: ReadonlyMap<string, CollectionProgress>;
}

export interface CollectionProgress {
  readonly collection: string;
  readonly phase: 'waiting' | 'working' | 'done' | 'failed';
  /** From the source's statistics: may be off, 0 is unknown. */
  readonly expectedRows: number;
  readonly rows: number;
  readonly seconds: number | null;
  /** Rows at some moments of the last seconds, oldest first, for the rate. */
  readonly marks: readonly Mark[];
}

interface Mark {
  readonly atMs: number;
  readonly rows: number;
}

/** One event with its name. */
export type ProgressEvent = {
  readonly [Name in EventName]: { readonly name: Name; readonly event: EventMap[Name] };
}[EventName];

export interface Pace {
  /** 0 to 1; null while nobody knows how much there is. Reaches 1 only when the collection is done. */
  readonly share: number | null;
  readonly rowsPerSecond: number | null;
  readonly secondsLeft: number | null;
}

export const noProgress: Progress = { collections: new Map() };

const windowMs = 10_000;
const markEveryMs = 250;

export function advance(progress: Progress, { name, event }: ProgressEvent, nowMs: number): Progress {
  switch (name) {
    case 'pass.started':
      return {
        collections: new Map(event.collections.map((collection) => [collection, waiting(collection)])),
      };
    case 'collection.started':
      return change(progress, event.collection, (old) => ({
        ...old,
        phase: 'working',
        expectedRows: event.estimatedRows,
        rows: 0,
        marks: [{ atMs: nowMs, rows: 0 }],
      }));
    case 'rows.done':
      return change(progress, event.collection, (old) => {
        const rows = old.rows + event.rows;
        return { ...old, phase: 'working', rows, marks: addMark(old.marks, { atMs: nowMs, rows }) };
      });
    case 'collection.finished':
      return change(progress, event.collection, (old) => ({ ...old, phase: 'done', seconds: event.seconds }));
    case 'failed': {
      if (event.collection === null) return progress;
      return change(progress, event.collection, (old) => ({ ...old, phase: 'failed' }));
    }
    default:
      return progress;
  }
}

export function paceOf(collection: CollectionProgress, nowMs: number): Pace {
  const share = shareOf(collection);
  const rowsPerSecond = rateOf(collection, nowMs);
  const left = collection.expectedRows - collection.rows;
  const secondsLeft =
    rowsPerSecond === null || rowsPerSecond === 0 || left <= 0 ? null : left / rowsPerSecond;
  return { share, rowsPerSecond, secondsLeft: collection.phase === 'working' ? secondsLeft : null };
}

function shareOf(collection: CollectionProgress): number | null {
  if (collection.phase === 'done') return 1;
  if (collection.expectedRows <= 0) return null;
  return Math.min(0.99, collection.rows / collection.expectedRows);
}

function rateOf(collection: CollectionProgress, nowMs: number): number | null {
  if (collection.phase === 'done') return collection.seconds ? collection.rows / collection.seconds : null;
  const oldest = collection.marks.find((mark) => mark.atMs >= nowMs - windowMs) ?? collection.marks.at(-1);
  if (oldest === undefined || nowMs - oldest.atMs < markEveryMs) return null;
  return ((collection.rows - oldest.rows) * 1000) / (nowMs - oldest.atMs);
}

function addMark(marks: readonly Mark[], mark: Mark): readonly Mark[] {
  const last = marks.at(-1);
  if (last !== undefined && mark.atMs - last.atMs < markEveryMs) return marks;
  return [...marks.filter((old) => old.atMs >= mark.atMs - windowMs), mark];
}

function change(
  progress: Progress,
  collection: string,
  next: (old: CollectionProgress) => CollectionProgress,
): Progress {
  const collections = new Map(progress.collections);
  collections.set(collection, next(collections.get(collection) ?? waiting(collection)));
  return { collections };
}

const waiting = (collection: string): CollectionProgress => ({
  collection,
  phase: 'waiting',
  expectedRows: 0,
  rows: 0,
  seconds: null,
  marks: [],
});
