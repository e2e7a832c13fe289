import { z } from 'zod';
import type { CheckpointEntry, ControlStore } from '../../protocol/control-store.ts';

/**
 * `cursors` / COLLECTION of the checkpoints: up to where a collection was read, and what that is only true of. Never older at the
 * destination than here: `saved` is noted there first.
 */
const recordSchema = z.strictObject({
  cursor: z.string(),
  /** The cursor for people. */
  at: z.string(),
  /** What kept it back when it was saved; null: nothing. */
  waitsFor: z.string().nullable(),
  savedAtMs: z.number(),
  /** When all of it was compared last. By our clock: only for telling when it is due. */
  comparedAtMs: z.number(),
  fingerprint: z.string(),
  sourceId: z.string(),
  stateId: z.string(),
  /** Grows with every cursor that the pipeline saves. */
  saved: z.int(),
});
export type CursorRecord = z.infer<typeof recordSchema>;

const space = 'cursors';

/** By collection; what this version can't read is left out, so that it is compared. */
export async function readCursors(
  store: ControlStore,
  pipeline: string,
): Promise<ReadonlyMap<string, CursorRecord>> {
  const entries = await store.checkpoints.list(pipeline, space);
  return new Map(
    entries.flatMap(({ name, value }) => {
      const parsed = recordSchema.safeParse(value);
      return parsed.success ? [[name, parsed.data] as const] : [];
    }),
  );
}

/** Undefined: the collection has no cursor any more. */
export const cursorEntry = (collection: string, record: CursorRecord | undefined): CheckpointEntry => ({
  space,
  name: collection,
  value: record,
});
