import type { PipelineStatus } from '../../../protocol/status.ts';
import { rememberedMs } from '../../health/recent.ts';
import { type AlertRule, bad, counted, good, percent, spellMs } from '../rule.ts';

const sound: readonly PipelineStatus[] = ['live', 'idle', 'healing', 'degraded', 'paused'];
const working: readonly PipelineStatus[] = ['copying', 'live', 'idle', 'healing'];

/** What is being copied after a failure may fail once more: only its end says. */
export const failed: AlertRule = {
  name: 'failed',
  severity: 'critical',
  threshold: 1,
  unit: 'none',
  forSeconds: 60,
  coveredBy: [],
  judge: ({ status, reason, isOver }) => {
    if (status === 'failed') return bad(`it has failed: ${reason}`, { atOnce: isOver });
    return sound.includes(status) ? good : null;
  },
  nextStep: (pipeline) => `lockstep status ${pipeline} says what has to be mended`,
};

/** After a restart it is counted anew: a side that is away for less than the limit proves nothing. */
export const disconnected: AlertRule = {
  name: 'disconnected',
  severity: 'critical',
  threshold: 60,
  unit: 'seconds',
  forSeconds: 0,
  coveredBy: [],
  judge: ({ awaySinceMs, nowMs, status, reason }, threshold) => {
    if (awaySinceMs === null) return working.includes(status) || status === 'degraded' ? good : null;
    const awayMs = nowMs - awaySinceMs;
    return awayMs < threshold * 1000
      ? null
      : bad(`a side has not been reached for ${spellMs(awayMs)}: ${reason}`);
  },
  nextStep: (pipeline) => `see that both servers answer; lockstep check ${pipeline} asks them`,
};

export const failing: AlertRule = {
  name: 'failing',
  severity: 'critical',
  threshold: 5,
  unit: 'failures',
  forSeconds: 60,
  coveredBy: ['failed', 'disconnected'],
  judge: ({ failuresInARow, status, reason }, threshold) => {
    if (failuresInARow >= Math.max(1, threshold))
      return bad(`it failed ${counted(failuresInARow, 'time')} in a row: ${reason}`);
    return failuresInARow === 0 && working.includes(status) ? good : null;
  },
  nextStep: (pipeline) => `lockstep status ${pipeline}, then the log: each failure has a code with a page`,
};

/** So few are no rate. */
const leastFailures = 5;

export const errorRate: AlertRule = {
  name: 'errorRate',
  severity: 'warning',
  threshold: 0.05,
  unit: 'share',
  forSeconds: 60,
  coveredBy: ['failed', 'disconnected', 'failing'],
  judge: ({ recent: { succeeded, failed: failures }, watchedSinceMs, nowMs }, threshold) => {
    // What was counted before a restart is gone: until something is tried, nothing is known.
    if (succeeded + failures === 0 && nowMs - watchedSinceMs < rememberedMs) return null;
    const share = failures === 0 ? 0 : failures / (succeeded + failures);
    return failures >= leastFailures && share > threshold
      ? bad(`${percent(share)} of what was tried in the last five minutes failed`)
      : good;
  },
  nextStep: (pipeline) => `look in the log for the retries of ${pipeline}: each names its code`,
};
