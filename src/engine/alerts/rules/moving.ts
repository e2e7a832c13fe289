import { type AlertRule, bad, good, spellMs } from '../rule.ts';

/** After a quiet time the last move is long ago when the next change comes: only what goes on for longer is a stall. */
export const stalled: AlertRule = {
  name: 'stalled',
  severity: 'critical',
  threshold: 10,
  unit: 'seconds',
  forSeconds: 60,
  coveredBy: ['failed', 'disconnected'],
  judge: ({ status, lag, movedAtMs, watchedSinceMs, nowMs }, threshold) => {
    if (status === 'paused' || lag === null || lag.kind === 'unknown') return null;
    if (lag.kind === 'inStep') return good;
    const stillMs = nowMs - (movedAtMs ?? watchedSinceMs);
    if (stillMs > threshold * 1000)
      return bad(`it is ${spellMs(lag.milliseconds)} behind, and nothing moves`);
    return movedAtMs === null ? null : good;
  },
  nextStep: (pipeline) =>
    `lockstep status ${pipeline} names transactions that hold it back; at the destination look for locks`,
};

export const lag: AlertRule = {
  name: 'lag',
  severity: 'warning',
  threshold: 60,
  unit: 'seconds',
  forSeconds: 60,
  coveredBy: ['failed', 'disconnected', 'stalled'],
  judge: ({ status, lag: behind }, threshold) => {
    // Without contact it is not the lag that is known to be bad; a pause is somebody's will.
    if (behind === null || behind.kind === 'unknown' || status === 'paused') return null;
    if (behind.kind === 'inStep' || behind.milliseconds <= threshold * 1000) return good;
    return bad(`it is ${spellMs(behind.milliseconds)} behind its source`);
  },
  nextStep: () => 'see whether it moves (rates, pace) and which side is slow',
};

export const sourceForgets: AlertRule = {
  name: 'sourceForgets',
  severity: 'critical',
  threshold: 3600,
  unit: 'seconds',
  forSeconds: 60,
  coveredBy: [],
  judge: ({ forgets }, threshold) => {
    if (forgets === null) return null;
    const { inMs } = forgets;
    return inMs === null || inMs > threshold * 1000
      ? good
      : bad(`the source forgets what is still needed in ${spellMs(inMs)}; after that everything is compared`);
  },
  nextStep: (pipeline) => `let ${pipeline} catch up, or raise what the source may keep`,
};
