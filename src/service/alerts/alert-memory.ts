import { z } from 'zod';
import type { AlertStates } from '../../engine/alerts/evaluate.ts';
import { alertStateSchema } from '../../engine/alerts/state.ts';
import { type AlertMessage, type AlertName, alertNames, alertSeverities } from '../../protocol/alerts.ts';
import type { CheckpointEntry, ControlStore } from '../../protocol/control-store.ts';
import type { Json } from '../../protocol/value.ts';

/**
 * Under which name alerts of a pipeline are kept: with a lease of their own, as they must be told also while nobody can take the pipeline's.
 * No pipeline can be called so.
 */
export const alertsKey = (pipeline: string): string => `@alerts/${pipeline}`;

const statesSpace = 'alerts';
const outboxSpace = (target: string): string => `outbox/${target}`;

const messageSchema = z.object({
  id: z.string(),
  pipeline: z.string(),
  alert: z.enum([...alertNames, 'test']),
  state: z.enum(['firing', 'resolved', 'test']),
  severity: z.enum(alertSeverities),
  text: z.string(),
  nextStep: z.string(),
  runbook: z.string(),
  atMs: z.number(),
  sinceMs: z.number(),
  missed: z.number(),
});

/** A message that waits for a target; numbers grow, so names sort as they were written. */
export interface Waiting {
  readonly number: number;
  readonly message: AlertMessage;
}

/** What another version wrote in words that this one does not know counts as not there: the rule then judges anew. */
export async function readStates(store: ControlStore, pipeline: string): Promise<AlertStates> {
  const entries = await store.checkpoints.list(alertsKey(pipeline), statesSpace);
  return new Map(
    entries.flatMap(({ name, value }) => {
      const parsed = alertStateSchema.safeParse(value);
      return parsed.success && isAlertName(name) ? [[name, parsed.data] as const] : [];
    }),
  );
}

const isAlertName = (name: string): name is AlertName => alertNames.some((each) => each === name);

export async function readOutbox(
  store: ControlStore,
  pipeline: string,
  target: string,
): Promise<readonly Waiting[]> {
  const entries = await store.checkpoints.list(alertsKey(pipeline), outboxSpace(target));
  return entries.flatMap(({ name, value }) => {
    const parsed = messageSchema.safeParse(value);
    return parsed.success ? [{ number: Number(name), message: parsed.data }] : [];
  });
}

export const stateEntries = (
  states: AlertStates,
  changed: readonly AlertName[],
): readonly CheckpointEntry[] =>
  changed.map((name) => {
    const state = states.get(name);
    return { space: statesSpace, name, value: state === undefined ? undefined : { ...state } };
  });

export function outboxEntry(
  target: string,
  { number, message }: { readonly number: number; readonly message: AlertMessage | undefined },
): CheckpointEntry {
  const value: Json | undefined = message === undefined ? undefined : { ...message };
  return { space: outboxSpace(target), name: String(number).padStart(12, '0'), value };
}
