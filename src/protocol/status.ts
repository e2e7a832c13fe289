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

/**
 * How far the destination is behind: the source's now minus the commit time of the last applied boundary. `inStep`: a head that was read
 * less than five seconds ago is reached. `unknown`: no contact with the source; at least this much.
 */
export type Lag =
  | { readonly kind: 'inStep' }
  | { readonly kind: 'behind'; readonly milliseconds: number }
  | { readonly kind: 'unknown'; readonly atLeastMs: number };

export interface StatusReport {
  readonly pipeline: string;
  readonly status: PipelineStatus;
  readonly reason: string;
  readonly sinceMs: number;
  /** What happens next, or what somebody has to do. */
  readonly nextStep: string;
}
