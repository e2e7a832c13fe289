import type { ControlStore, FencedBy, RunRecord } from '../../../protocol/control-store.ts';
import { reach } from '../../../protocol/failpoints.ts';
import type { Json } from '../../../protocol/value.ts';
import type { Trigger } from './trigger.ts';

/** What a run leaves in its record, beside why it was made. */
export type RunEnd = Readonly<Record<string, Json>>;

/** A line in the history of runs, durable on return, so that a run that died can be told from one that was stopped. Returns what ends it. */
export async function beginRun(
  store: ControlStore,
  by: FencedBy,
  { kind, trigger }: { readonly kind: RunRecord['kind']; readonly trigger: Trigger },
): Promise<(result: RunRecord['result'], end: RunEnd) => Promise<void>> {
  const { reason, dueAtMs } = trigger;
  const known = { reason, dueAtMs };
  reach('run.begin.before');
  const run = await store.runs.begin(by, { kind, startedAtMs: Date.now(), summary: known });
  reach('run.begin.after');
  return async (result, end) => {
    reach('run.end.before');
    await store.runs.end(by, run, { result, endedAtMs: Date.now(), summary: { ...known, ...end } });
    reach('run.end.after');
  };
}
