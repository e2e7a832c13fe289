/** What a pipeline does, everywhere the same words. */
export const pipelineStatuses = [
  'starting',
  'copying',
  'live',
  'idle',
  'standby',
  'healing',
  'paused',
  'degraded',
  'failed',
  'stopped',
] as const;
export type PipelineStatus = (typeof pipelineStatuses)[number];

export interface StatusReport {
  readonly pipeline: string;
  readonly status: PipelineStatus;
  readonly reason: string;
  readonly sinceMs: number;
  /** What happens next, or what somebody has to do. */
  readonly nextStep: string;
}
