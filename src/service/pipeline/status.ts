import type { ControlStore, Lease, RunRecord } from '../../protocol/control-store.ts';
import type { LastRun, StatusResult } from '../results.ts';
import { waitingGuards } from './guards.ts';
import type { PipelineParts } from './open-pipeline.ts';

/** What the control store knows of the pipeline; neither side is asked. */
export async function status({ pipeline, context }: PipelineParts): Promise<StatusResult> {
  const store = await context.store();
  const [lease, [last = null], guards] = await Promise.all([
    store.leases.get(pipeline.name),
    store.runs.list(pipeline.name, 1),
    waitingGuards(store, pipeline.name),
  ]);
  const owner = lease !== null && lease.expiresAtMs > Date.now() ? lease : null;
  const deadLetters = await countLetters(store, pipeline.name);
  const letters = deadLetters.reduce((sum, { count }) => sum + count, 0);
  return {
    pipeline: pipeline.name,
    source: pipeline.source.label,
    destination: pipeline.destination.label,
    ...describe({ last, owner, letters, waiting: guards.some(({ state }) => state === 'waiting') }),
    sinceMs: last === null ? null : (last.endedAtMs ?? last.startedAtMs),
    owner: owner === null ? null : { name: owner.owner, expiresAtMs: owner.expiresAtMs },
    lastRun: last === null ? null : toLastRun(last),
    deadLetters,
    guards,
  };
}

const toLastRun = ({ kind, startedAtMs, endedAtMs, result }: RunRecord): LastRun => ({
  kind,
  startedAtMs,
  endedAtMs,
  result,
});

type Situation = { last: RunRecord | null; owner: Lease | null; letters: number; waiting: boolean };
type Description = Pick<StatusResult, 'status' | 'reason' | 'nextStep'>;

function describe({ last, owner, letters, waiting }: Situation): Description {
  if (owner !== null)
    return { status: 'copying', reason: 'a pass is under way', nextStep: 'it ends by itself' };
  if (last === null)
    return { status: 'stopped', reason: 'it never ran', nextStep: 'lockstep plan, then lockstep run' };
  if (waiting)
    return {
      status: 'degraded',
      reason: 'a guard holds back what would leave',
      nextStep: 'lockstep plan, then lockstep approve',
    };
  if (last.result === 'failed')
    return {
      status: 'failed',
      reason: 'the last run failed',
      nextStep: 'mend what it named, then run again',
    };
  if (last.result === 'running')
    return { status: 'stopped', reason: 'the last run died', nextStep: 'run again: it goes on' };
  if (last.result === 'interrupted')
    return { status: 'stopped', reason: 'the last run was stopped', nextStep: 'run again: it goes on' };
  if (letters > 0)
    return {
      status: 'degraded',
      reason: `${letters} rows can’t be applied`,
      nextStep: 'look at the dead letters below',
    };
  return {
    status: 'idle',
    reason: 'the last run succeeded',
    nextStep: 'lockstep verify proves it; run again to catch up',
  };
}

async function countLetters(store: ControlStore, pipeline: string): Promise<StatusResult['deadLetters']> {
  const counts = new Map<string, number>();
  let afterId = 0;
  for (;;) {
    const page = await store.deadLetters.list(pipeline, { afterId, limit: 1000 });
    const last = page.at(-1);
    if (last === undefined) break;
    for (const { collection } of page) counts.set(collection, (counts.get(collection) ?? 0) + 1);
    afterId = last.id;
  }
  return [...counts].map(([collection, count]) => ({ collection, count }));
}
