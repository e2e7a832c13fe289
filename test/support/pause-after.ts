const shortestPauseMs = 20;
const longestPauseMs = 500;
const pausePerLook = 3;

/**
 * How long to wait before looking again, in milliseconds, when the last look took so long: who waits for something leaves the machine to those
 * who bring it about.
 */
export const pauseAfter = (tookMs: number): number =>
  Math.min(longestPauseMs, Math.max(shortestPauseMs, pausePerLook * tookMs));
