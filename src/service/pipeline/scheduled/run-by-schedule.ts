import { type ScheduleClock, systemClock } from '../../../engine/schedule/clock.ts';
import { DueMoments } from '../../../engine/schedule/due-moments.ts';
import { gapAfter, momentsOf } from '../../../engine/schedule/moments.ts';
import type { ScheduleSettings } from '../../../protocol/configuration.ts';
import type { PipelineStatus } from '../../../protocol/status.ts';
import type { VerbOptions } from '../../pipeline-operations.ts';
import type { PipelineParts } from '../open-pipeline.ts';
import { ScheduledRuns, type Served } from './scheduled-runs.ts';

export interface ByScheduleOptions extends VerbOptions {
  readonly schedule: ScheduleSettings;
  readonly clock?: ScheduleClock | undefined;
}

/**
 * Runs a pipeline whenever its schedule says so, until the signal aborts; a run that is under way then is drained. What fails is told and kept,
 * and the next moment is its next attempt. Several processes may do this on one store: whoever gets the lease first makes the run, the others
 * wait for it and find their moment served.
 */
export async function runBySchedule(
  parts: PipelineParts,
  { schedule, signal, clock = systemClock }: ByScheduleOptions,
): Promise<void> {
  const moments = momentsOf(schedule);
  const due = new DueMoments(moments, clock);
  const runs = new ScheduledRuns(parts, { clock, signal, gapAfterMs: (ms) => gapAfter(moments, ms) });
  const tell = (said: Said) => tellBetween(parts, said, due.upcoming);
  if (typeof schedule === 'object' && schedule.atStart === false) tell(notYet);
  else tell(saidOf(await runs.serve({ reason: 'scheduled', dueAtMs: clock.now() })));
  for (;;) {
    const next = await due.next(signal);
    if (next === null) break;
    const reason = next.wasOverdue ? 'followed' : 'scheduled';
    tell(saidOf(await runs.serve({ reason, dueAtMs: next.atMs })));
  }
  parts.context.events.emit('status', {
    pipeline: parts.pipeline.name,
    status: 'stopped',
    reason: signal.aborted ? 'it was stopped' : 'no moment of its schedule comes any more',
    nextStep: `lockstep start ${parts.pipeline.name}`,
  });
}

interface Said {
  readonly status: PipelineStatus;
  readonly reason: string;
}

const notYet: Said = { status: 'idle', reason: 'no run was due yet' };

function saidOf(served: Served): Said {
  switch (served.by) {
    case 'us':
      return served.failure === null
        ? { status: 'idle', reason: 'the last run succeeded' }
        : { status: 'failed', reason: `${served.failure.code}: ${served.failure.message}` };
    case 'another process':
      return { status: 'idle', reason: 'another process made the run that was due' };
    case 'nobody, as it is paused':
      return { status: 'paused', reason: served.reason };
    case 'nobody':
      return { status: 'stopped', reason: 'it was stopped' };
  }
}

function tellBetween(
  { pipeline, context }: PipelineParts,
  { status, reason }: Said,
  nextAtMs: number | null,
): void {
  const nextStep =
    nextAtMs === null
      ? 'no run is due any more'
      : `the next run is due at ${new Date(nextAtMs).toISOString()}`;
  context.events.emit('status', { pipeline: pipeline.name, status, reason, nextStep });
}
