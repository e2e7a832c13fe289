import { z } from 'zod';
import type { ControlStore } from '../../protocol/control-store.ts';
import { pipelineStatuses } from '../../protocol/status.ts';

/** Where a running engine keeps, about once a second, what other processes are told: in the pipeline's checkpoints. */
export const liveStatusEntry = { space: 'live', name: 'status' } as const;

const liveStatusSchema = z.object({
  status: z.enum(pipelineStatuses),
  reason: z.string(),
  nextStep: z.string(),
  sinceMs: z.number(),
  lag: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('inStep') }),
      z.object({ kind: z.literal('behind'), milliseconds: z.number() }),
      z.object({ kind: z.literal('unknown'), atLeastMs: z.number() }),
    ])
    .nullable()
    .default(null),
  collections: z
    .array(z.object({ name: z.string(), status: z.string(), reason: z.string().default('') }))
    .default([]),
  rates: z.object({ changesPerSecond: z.number() }).default({ changesPerSecond: 0 }),
  /** What the source keeps because of us; null: not known. */
  retained: z
    .object({
      bytes: z.number().nullable(),
      limitBytes: z.number().nullable(),
      reachesBackMs: z.number().nullable().default(null),
      waitingFor: z.array(z.string()),
    })
    .nullable()
    .default(null),
  /** Until the source forgets what we still need, if what it keeps goes on growing as it did; null: it does not grow, or nobody knows. */
  forgetsInMs: z.number().nullable().default(null),
  /** Sides that can't be reached or do not answer. */
  away: z
    .array(z.object({ side: z.enum(['source', 'destination']), sinceMs: z.number(), reason: z.string() }))
    .default([]),
  /** What comparing both sides by the schedule found. */
  comparison: z
    .object({
      watchedSinceMs: z.number(),
      provenAtMs: z.number().nullable(),
      last: z.object({ startedAtMs: z.number(), endedAtMs: z.number(), drifted: z.number() }).nullable(),
      underWaySinceMs: z.number().nullable(),
    })
    .nullable()
    .default(null),
  /** It was in step once since its engine began. */
  ready: z.boolean().default(false),
  /** When the newest position became durable at the destination; null: not told. */
  positionAtMs: z.number().nullable().default(null),
  savedAtMs: z.number(),
});

export type LiveStatus = z.output<typeof liveStatusSchema>;

/** Null: no engine ever told anything, or one of another version did, in words that this one does not know. */
export async function readLiveStatus(store: ControlStore, pipeline: string): Promise<LiveStatus | null> {
  const { space, name } = liveStatusEntry;
  const stored = await store.checkpoints.get(pipeline, space, name);
  const parsed = liveStatusSchema.safeParse(stored);
  return parsed.success ? parsed.data : null;
}
