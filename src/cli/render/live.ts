import type { LiveStatus } from '../../service/pipeline/live-status.ts';
import { count, duration } from './numbers.ts';

/** Lag, rate and age of what a running engine told last. */
export function liveFigures(live: LiveStatus, nowMs: number): readonly string[] {
  return [
    ...(live.lag === null ? [] : [lagText(live.lag)]),
    `${count(live.rates.changesPerSecond)} changes/s`,
    ...(live.positionAtMs === null ? [] : [`position saved ${ago(nowMs - live.positionAtMs)}`]),
    ...(live.retained?.bytes === undefined || live.retained.bytes === null
      ? []
      : [`source keeps ${count(live.retained.bytes / 1_048_576)} MB`]),
    `told ${ago(nowMs - live.savedAtMs)}`,
  ];
}

export function lagText(lag: NonNullable<LiveStatus['lag']>): string {
  switch (lag.kind) {
    case 'inStep':
      return 'in step';
    case 'behind':
      return lag.milliseconds < 1000
        ? `lag ${count(lag.milliseconds)} ms`
        : `lag ${duration(lag.milliseconds / 1000)}`;
    case 'unknown':
      return `lag unknown, at least ${duration(lag.atLeastMs / 1000)}`;
  }
}

const ago = (ms: number): string => `${duration(Math.max(0, ms) / 1000)} ago`;

/** Each collection, and what holds the stream back at the source. */
export const liveLines = (live: LiveStatus): readonly string[] => [
  ...collectionLines(live),
  ...(live.retained?.waitingFor ?? []).map((what) => `  waits for ${what}`),
];

const collectionLines = (live: LiveStatus): readonly string[] =>
  live.collections.map(
    ({ name, status, reason }) => `  ${name}: ${status}${reason === '' ? '' : `: ${reason}`}`,
  );
