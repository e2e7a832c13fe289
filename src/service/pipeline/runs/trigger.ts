import { z } from 'zod';
import type { ControlStore, RunRecord } from '../../../protocol/control-store.ts';

/** Why a run was made: somebody asked for it, it was due, or it was due while another was under way and followed it. */
export const runReasons = ['asked', 'scheduled', 'followed'] as const;
export type RunReason = (typeof runReasons)[number];

/** What a run is made for; kept in its record from its beginning on. */
export interface Trigger {
  readonly reason: RunReason;
  /** The moment of the schedule that it serves; null: none. */
  readonly dueAtMs: number | null;
}

export const asked: Trigger = { reason: 'asked', dueAtMs: null };

const triggerSchema = z.object({ reason: z.enum(runReasons), dueAtMs: z.number().nullable() });

/** Runs of an earlier version say nothing: whoever ran them asked for them. */
export function triggerOf({ summary }: RunRecord): Trigger {
  const parsed = triggerSchema.safeParse(summary);
  return parsed.success ? parsed.data : asked;
}

const runsLookedAt = 20;

/** Clocks of machines that share a store may differ by so much; what is further ahead comes from a clock that was wrong. */
const clocksDifferMs = 60_000;

/**
 * A run for this moment, or for a later one, has ended by itself, in whatever process: also one that failed, as the next moment is its next
 * attempt. One that died or was stopped serves nothing.
 */
export async function isServed(
  store: ControlStore,
  pipeline: string,
  { dueAtMs, nowMs }: { readonly dueAtMs: number; readonly nowMs: number },
): Promise<boolean> {
  const runs = await store.runs.list(pipeline, runsLookedAt);
  return runs.some((run) => {
    const served = triggerOf(run).dueAtMs;
    if (served === null || served < dueAtMs || served > nowMs + clocksDifferMs) return false;
    return run.result !== 'running' && run.result !== 'interrupted';
  });
}
