import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { CursorMark } from '../../protocol/since.ts';
import type { WalkContext } from '../walk/context.ts';
import { retrying } from '../walk/retrying.ts';
import type { CursorRecord } from './cursor-record.ts';

/** A collection, and what is remembered of its cursor. */
export interface KnownCursor {
  readonly plan: CollectionPlan;
  readonly record: CursorRecord | undefined;
  /** Why it does not count any more; null: it may. */
  readonly disagreement: string | null;
}

/** Where the collections stand at the source, in the order given. */
export function takeMarks(
  context: WalkContext,
  known: readonly KnownCursor[],
): Promise<readonly CursorMark[]> {
  const { reader, signal } = context;
  const collections = known.map(({ plan, record, disagreement }) => {
    if (plan.cursor === null) throw new LockstepError('internal', { detail: `${plan.name} has no cursor` });
    const from = record === undefined || disagreement !== null ? null : record.cursor;
    return { collection: plan.source, settings: plan.cursor, from };
  });
  return retrying(context, { what: 'find the cursors', signal }, async () => {
    if (reader.markSince === undefined)
      throw new LockstepError('internal', { detail: 'this source has no cursors' });
    return await reader.markSince(collections, { signal });
  });
}
