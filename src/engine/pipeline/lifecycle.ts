import type { PipelineStatus } from '../../protocol/status.ts';

/** What a pipeline is about; `degraded` is not among them: it is said on top, as long as there is some trouble. */
export type Phase = Exclude<PipelineStatus, 'degraded' | 'idle'>;

export const phases = [
  'starting',
  'copying',
  'live',
  'healing',
  'paused',
  'standby',
  'failed',
  'stopped',
] as const satisfies readonly Phase[];

/**
 * What moves a pipeline on.
 * - `copy`: there is no position yet: everything is copied first
 * - `caughtUp`: the stream has passed the head that was read when the last copy or walk ended
 * - `heal`: collections are walked while their changes flow
 * - `pause`, `resume`: somebody asked
 * - `leaseLost`: another engine owns it; `leaseTaken`: we do
 * - `fail`: it can't go on by itself; `stop`: somebody asked to end
 */
export const lifecycleEvents = [
  'copy',
  'caughtUp',
  'heal',
  'pause',
  'resume',
  'leaseLost',
  'leaseTaken',
  'fail',
  'stop',
] as const;
export type LifecycleEvent = (typeof lifecycleEvents)[number];

/**
 * States × events, without gaps: see SPEC.md. `same`: nothing changes; `never`: a defect of whoever says so.
 */
export const transitions: Readonly<
  Record<Phase, Readonly<Record<LifecycleEvent, Phase | 'same' | 'never'>>>
> = {
  starting: {
    copy: 'copying',
    caughtUp: 'live',
    heal: 'healing',
    pause: 'paused',
    resume: 'same',
    leaseLost: 'standby',
    leaseTaken: 'same',
    fail: 'failed',
    stop: 'stopped',
  },
  copying: {
    copy: 'same',
    caughtUp: 'live',
    heal: 'same',
    pause: 'paused',
    resume: 'same',
    leaseLost: 'standby',
    leaseTaken: 'never',
    fail: 'failed',
    stop: 'stopped',
  },
  live: {
    copy: 'never',
    caughtUp: 'same',
    heal: 'healing',
    pause: 'paused',
    resume: 'same',
    leaseLost: 'standby',
    leaseTaken: 'never',
    fail: 'failed',
    stop: 'stopped',
  },
  healing: {
    copy: 'never',
    caughtUp: 'live',
    heal: 'same',
    pause: 'paused',
    resume: 'same',
    leaseLost: 'standby',
    leaseTaken: 'never',
    fail: 'failed',
    stop: 'stopped',
  },
  paused: {
    copy: 'never',
    caughtUp: 'same',
    heal: 'same',
    pause: 'same',
    resume: 'starting',
    leaseLost: 'standby',
    leaseTaken: 'same',
    fail: 'failed',
    stop: 'stopped',
  },
  standby: {
    copy: 'never',
    caughtUp: 'never',
    heal: 'never',
    pause: 'same',
    resume: 'same',
    leaseLost: 'same',
    leaseTaken: 'starting',
    fail: 'failed',
    stop: 'stopped',
  },
  failed: {
    copy: 'never',
    caughtUp: 'never',
    heal: 'never',
    pause: 'paused',
    resume: 'starting',
    leaseLost: 'same',
    leaseTaken: 'starting',
    fail: 'same',
    stop: 'stopped',
  },
  stopped: {
    copy: 'never',
    caughtUp: 'never',
    heal: 'never',
    pause: 'same',
    resume: 'same',
    leaseLost: 'same',
    leaseTaken: 'starting',
    fail: 'same',
    stop: 'same',
  },
};

export function nextPhase(phase: Phase, event: LifecycleEvent): Phase {
  const next = transitions[phase][event];
  if (next === 'never') throw new Error(`a pipeline that is ${phase} can't see ${event}`);
  return next === 'same' ? phase : next;
}
