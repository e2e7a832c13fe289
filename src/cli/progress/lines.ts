import { count, counted, duration, percent } from '../render/numbers.ts';
import { type CollectionProgress, type Pace, type Progress, paceOf } from './model.ts';

const barWidth = 20;
const maxShown = 12;

/** The live block: one line per collection that is worked on, and one for all others. */
export function blockLines(
  progress: Progress,
  options: { readonly nowMs: number; readonly columns: number },
): readonly string[] {
  const all = [...progress.collections.values()];
  const shown = all.filter(isOfInterest).slice(0, maxShown);
  const nameWidth = Math.min(32, Math.max(0, ...shown.map((collection) => collection.collection.length)));
  const lines = shown.map((collection) => blockLine(collection, nameWidth, options.nowMs));
  const done = all.filter((collection) => collection.phase === 'done').length;
  const summary = all.length > 1 ? [`${count(done)} of ${counted(all.length, 'collection')} done`] : [];
  // A line that wraps would be counted as one when the block is erased.
  return [...lines, ...summary].map((line) => line.slice(0, Math.max(1, options.columns - 1)));
}

const isOfInterest = (collection: CollectionProgress): boolean =>
  collection.phase === 'working' || collection.phase === 'failed';

function blockLine(collection: CollectionProgress, nameWidth: number, nowMs: number): string {
  const pace = paceOf(collection, nowMs);
  const name = collection.collection.slice(0, nameWidth).padEnd(nameWidth);
  return `${name} ${bar(pace.share)} ${figures(collection, pace).join('  ')}`;
}

/** For a log: the same in one sentence per collection. */
export function logLines(progress: Progress, nowMs: number): readonly string[] {
  return [...progress.collections.values()]
    .filter((collection) => collection.phase === 'working')
    .map(
      (collection) =>
        `${collection.collection}: ${figures(collection, paceOf(collection, nowMs)).join(', ')}`,
    );
}

function figures(collection: CollectionProgress, pace: Pace): readonly string[] {
  if (collection.phase === 'failed') return [`${counted(collection.rows, 'row')}`, 'failed'];
  const total =
    pace.share === null ? '' : ` of about ${count(Math.max(collection.expectedRows, collection.rows))}`;
  return [
    ...(pace.share === null ? [] : [percent(pace.share)]),
    `${count(collection.rows)}${total} rows`,
    ...(pace.rowsPerSecond === null ? [] : [`${count(pace.rowsPerSecond)} rows/s`]),
    ...(pace.secondsLeft === null ? [] : [`${duration(pace.secondsLeft)} left`]),
  ];
}

function bar(share: number | null): string {
  const filled = Math.round((share ?? 0) * barWidth);
  return `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`;
}
