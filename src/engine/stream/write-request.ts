import type { Change } from '../../protocol/change.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import type { WindowWrite } from '../../protocol/writer.ts';
import type { WindowExtent } from './lanes/torn-windows.ts';
import type { PlannedPart, WindowPlan } from './window-plan.ts';

export interface WrittenPart {
  readonly part: PlannedPart;
  readonly changes: readonly Change[];
  readonly outcomes: readonly Outcome[];
}

export interface WriteRequest {
  readonly plan: WindowPlan;
  readonly position: WindowWrite['position'];
  /** What is noted with each piece that is durable before the position; null: there is no position, or the destination keeps no such notes. */
  readonly extent: WindowExtent | null;
  /** Its position follows apart, and lanes may write it. */
  readonly isLaned: boolean;
  /** Asked anew for each attempt: keys may have been read since the last. */
  readonly marks: () => Promise<WindowWrite['marks']>;
  /** Of these those of what was read: what the stream has passed goes with its position. */
  readonly freshMarks: () => Promise<WindowWrite['marks']>;
}
