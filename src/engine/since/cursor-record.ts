import { z } from 'zod';
import type { CheckpointEntry, ControlStore } from '../../protocol/control-store.ts';
import { reach } from '../../protocol/failpoints.ts';
import type { WalkContext } from '../walk/context.ts';

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

type Memory = Pick<WalkContext, 'store' | 'pipeline' | 'fence'>;

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

export const cursorEntry = (collection: string, record: CursorRecord): CheckpointEntry => ({
  space,
  name: collection,
  value: record,
});

/** These collections have no cursor any more. Default: none of the pipeline has one. */
export async function forgetCursors(
  { store, pipeline, fence }: Memory,
  collections?: readonly string[],
): Promise<void> {
  const names = collections ?? (await store.checkpoints.list(pipeline, space)).map(({ name }) => name);
  if (names.length === 0) return;
  reach('cursor.forget.before');
  await store.checkpoints.save(
    { pipeline, fence },
    names.map((name) => ({ space, name, value: undefined })),
  );
  reach('cursor.forget.after');
}
