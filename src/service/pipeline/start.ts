import { Condition } from '../../engine/pipeline/condition.ts';
import { type LiveEnd, type LiveOptions, runLive } from '../../engine/pipeline/live.ts';
import { stoppedCollections } from '../../engine/pipeline/memory.ts';
import { onSchedule } from '../../engine/schedule/on-schedule.ts';
import type { StreamContext } from '../../engine/stream/context.ts';
import { LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { isStreamWriter } from '../../protocol/writer.ts';
import type { VerbOptions } from '../pipeline-operations.ts';
import { openConnections } from './connections.ts';
import { requireLive } from './engine-owner.ts';
import { mayBeAnothers } from './lease-keeper.ts';
import { newcomersOf } from './newcomers.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { plansToRun } from './plans-to-run.ts';
import { heedRollback } from './rolled-back.ts';
import { beginRun } from './runs/begin-run.ts';
import { asked } from './runs/trigger.ts';
import { followedBy } from './under-drift.ts';
import { underLease } from './under-lease.ts';

export interface StartOptions extends VerbOptions {
  readonly until?: LiveOptions['until'];
  /** Default: false. Waits for as long as another owns the pipeline. */
  readonly standsBy?: boolean | undefined;
}

/**
 * Runs a live pipeline until the signal aborts: then what is under way is drained, and it returns. A source whose shape changed under way
 * begins again with plans made anew, under the same lease as far as anybody else can tell.
 */
export async function start(
  parts: PipelineParts,
  { signal, until = 'stopped', standsBy = false }: StartOptions,
): Promise<void> {
  requireLive(parts.pipeline, 'start');
  const { pipeline, context } = parts;
  const condition = new Condition({ pipeline: pipeline.name, events: context.events, now: () => Date.now() });
  const life = {};
  let end: LiveEnd = 'again';
  while (end === 'again' && !signal.aborted)
    end = await runOnce(parts, { condition, until, standsBy, life }, signal);
  condition.on('stop', { reason: 'it was stopped', nextStep: `lockstep start ${pipeline.name}` });
}

interface RunParts extends Pick<LiveOptions, 'condition' | 'until'> {
  readonly standsBy: boolean;
  /** The same for all runs of one start. */
  readonly life: object;
}

async function runOnce(
  { pipeline, context }: PipelineParts,
  { condition, until, standsBy, life }: RunParts,
  signal: AbortSignal,
): Promise<LiveEnd> {
  const { events } = context;
  const { name, settings } = pipeline;
  await using connections = await openConnections(pipeline, { ...context, signal, life });
  const { feed } = connections;
  if (feed === null)
    throw new LockstepError('connector-lacks-role', {
      name: pipeline.source.label,
      role: 'source of changes',
    });
  const { writer } = connections;
  if (!isStreamWriter(writer))
    throw new LockstepError('connector-lacks-role', {
      name: pipeline.destination.label,
      role: 'destination of a live pipeline',
    });
  const plan = async () => {
    const stopped = [...(await stoppedCollections(await context.store(), name)).keys()];
    const followed = await followedBy({ pipeline, context });
    return await plansToRun(pipeline, connections, { signal, stopped, followed });
  };
  await using work = await underLease({ pipeline, context }, { connections, signal, plan, standsBy });
  const { store, walk } = work;
  const { fence } = walk;
  const { plans, leftOut, findings } = work.plans;
  const { schedule: cron } = settings;
  const seal: StreamContext['seal'] = (row, letter) =>
    context.sealer.seal(row, { pipeline: name, ...letter });
  const schedule = cron === undefined ? null : onSchedule(cron);
  const record = await beginRun(store, { pipeline: name, fence }, { kind: 'live', trigger: asked });
  try {
    await heedRollback(walk);
    const end = await runLive(
      { ...walk, writer, events, feed, seal },
      {
        plans,
        leftOut,
        findings,
        condition,
        schedule,
        until,
        newcomers: newcomersOf(pipeline, connections, plans),
      },
    );
    await record('interrupted', {});
    return end;
  } catch (thrown) {
    const error = toLockstepError(work.reasonOf(thrown));
    const { code, class: kind, message } = error;
    events.emit('failed', { pipeline: name, collection: null, code, class: kind, message });
    // Whoever lost the lease has no history to write any more: the new owner has.
    if (mayBeAnothers(code)) condition.on('leaseLost', { reason: message, nextStep: 'it stands by' });
    else await record(code === 'interrupted' ? 'interrupted' : 'failed', { code, message });
    throw error;
  }
}
