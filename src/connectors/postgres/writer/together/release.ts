import type { TableName } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import { type TargetModel, updatable } from '../model/target-model.ts';
import type { Stage } from '../stage/stage.sql.ts';
import { releaseReferences } from './vacate.sql.ts';
import { nullableReferences } from './vacate-all.ts';

/** A unique value that is referred to can't move while it is: rows that are about to be written let go of what they refer to. */
export async function release(
  session: Session,
  request: {
    readonly model: TargetModel;
    readonly upserts: Stage | null;
    /** Of all targets that are written together. */
    readonly tables: readonly TableName[];
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { model, upserts, tables, signal } = request;
  const names = nullableReferences(model, tables);
  const columns = updatable(model).filter(({ name }) => names.has(name));
  if (upserts === null || columns.length === 0) return;
  await session.execute(releaseReferences(model, upserts, columns), { signal, collection: model.collection });
}
