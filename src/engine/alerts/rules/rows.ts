import { type AlertRule, bad, counted, good, percent, spellMs } from '../rule.ts';

export const deadLetters: AlertRule = {
  name: 'deadLetters',
  severity: 'warning',
  threshold: 0,
  unit: 'keys',
  forSeconds: 0,
  coveredBy: [],
  judge: ({ deadLetters: letters }, threshold) =>
    letters > threshold ? bad(`${counted(letters, 'key')} can’t be applied, set aside`) : good,
  nextStep: (pipeline) =>
    `lockstep dead-letters ${pipeline} list names keys and reasons; mend the cause, then replay them`,
};

export const guardWaiting: AlertRule = {
  name: 'guardWaiting',
  severity: 'warning',
  threshold: 0,
  unit: 'seconds',
  forSeconds: 0,
  coveredBy: [],
  judge: ({ guards, nowMs }, threshold) => {
    if (guards === null) return good;
    const waitingMs = nowMs - guards.oldestAtMs;
    return waitingMs < threshold * 1000
      ? null
      : bad(`${counted(guards.leaving, 'row')} would leave the target, held until somebody decides`);
  },
  nextStep: (pipeline) =>
    `see whether the source has lost rows; if they may go: lockstep approve ${pipeline}`,
};

export const drift: AlertRule = {
  name: 'drift',
  severity: 'warning',
  threshold: 0,
  unit: 'rows',
  forSeconds: 0,
  coveredBy: [],
  judge: ({ drift: found }, threshold) => {
    if (found === null) return null;
    return found.rows > threshold
      ? bad(
          `the last comparison found at least ${counted(found.rows, 'row')} that differed and nothing explains, mended now`,
        )
      : good;
  },
  nextStep: () => 'find out who else writes the target; a comparison that finds nothing resolves this',
};

export const nearInterval: AlertRule = {
  name: 'nearInterval',
  severity: 'warning',
  threshold: 0.8,
  unit: 'share',
  forSeconds: 0,
  coveredBy: [],
  judge: ({ schedule, run, nowMs }, threshold) => {
    if (schedule === null || run === null) return null;
    const share = ((run.endedAtMs ?? nowMs) - run.startedAtMs) / schedule.shortestMs;
    if (share > threshold)
      return bad(
        `its scheduled run takes ${percent(share)} of the ${spellMs(schedule.shortestMs)} between two of them`,
      );
    return run.endedAtMs === null ? null : good;
  },
  nextStep: () => 'schedule it less often, raise lanes, or move it to a quieter time',
};

export const unproven: AlertRule = {
  name: 'unproven',
  severity: 'warning',
  threshold: 2,
  unit: 'intervals',
  forSeconds: 0,
  coveredBy: [],
  judge: ({ comparisons, provenAtMs, nowMs }, threshold) => {
    if (comparisons === null || provenAtMs === null) return null;
    const sinceMs = nowMs - provenAtMs;
    return sinceMs > threshold * comparisons.longestMs
      ? bad(`both sides were last compared as a whole ${spellMs(sinceMs)} ago`)
      : good;
  },
  nextStep: (pipeline) => `lockstep status ${pipeline} says what stops its scheduled runs`,
};
