import type { RetrySettings } from '../../protocol/configuration.ts';

export type Backoff = Pick<RetrySettings, 'initialDelayMs' | 'maxDelayMs' | 'factor'>;

/** 0 (included) to 1 (excluded), as Math.random. */
export type RandomSource = () => number;

export interface BackoffOptions {
  /**
   * `half`: anywhere between half and the whole delay, so that lanes which failed together do not come back together and knock the server
   * over again, and yet a few attempts are not used up within a moment. `none`: the whole delay.
   */
  readonly jitter: 'none' | 'half';
  readonly random?: RandomSource;
}

/** How long to wait after the `failures`-th failure in a row (from 1), in whole milliseconds; never above `maxDelayMs`. */
export function backoffDelayMs(backoff: Backoff, failures: number, options: BackoffOptions): number {
  const whole = Math.min(backoff.maxDelayMs, wholeDelayMs(backoff, failures));
  switch (options.jitter) {
    case 'none':
      return Math.round(whole);
    case 'half':
      return Math.round((whole * (1 + (options.random ?? Math.random)())) / 2);
  }
}

/** 0 × Infinity is no number: without a first delay there is none later either. */
function wholeDelayMs({ initialDelayMs, factor }: Backoff, failures: number): number {
  return initialDelayMs === 0 ? 0 : initialDelayMs * factor ** (failures - 1);
}
