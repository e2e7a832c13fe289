import type { Chunk } from '../../../../protocol/chunk.ts';
import { keyRepeated } from '../../../../protocol/key-repeated.ts';
import type { WriteCounts } from '../../../../protocol/outcome.ts';
import type { WriteOptions } from '../../../../protocol/writer.ts';
import { encodeKey } from '../../key.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import type { TargetModel } from '../model/target-model.ts';
import { fillStage } from '../stage/fill-stage.ts';
import { repeatedKeys, type Stage } from '../stage/stage.sql.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { fixedOtherwise, identityRefused } from './fixed.sql.ts';
import { inSomeOrder, type Step } from './in-some-order.ts';
import { clashing, insertCounting, insertMissing, roomForJoining, updateDiffering } from './upsert.sql.ts';

/** Rows into a range that has some already, in one transaction. */
export async function merge(
  destination: Destination,
  model: TargetModel,
  request: WriteOptions & { readonly chunks: AsyncIterable<Chunk> },
): Promise<WriteCounts> {
  return await writeTransaction(destination, { ...request, point: 'destination.merge' }, (session) =>
    mergeChunks(session, model, request),
  );
}

/** The same inside a transaction of the caller's. */
export async function mergeChunks(
  session: Session,
  model: TargetModel,
  { chunks, signal }: { readonly chunks: AsyncIterable<Chunk>; readonly signal: AbortSignal },
): Promise<WriteCounts> {
  const options = { signal, collection: model.collection };
  await session.execute(roomForJoining, { signal });
  const { stage, rows } = await fillStage(session, { model, chunks, name: 'lockstep_stage', signal });
  await refuseRepeatedKeys(session, { model, stage, signal });
  await refuseFixed(session, { model, stage, signal });
  const clashes =
    model.scope.kind === 'all'
      ? 0
      : (await session.query(clashing(model, stage), undefined, options)).rowCount;
  let [inserted, updated] = [0, 0];
  const update: Step = async () => {
    const statement = updateDiffering(model, stage);
    updated = statement === null ? 0 : (await session.query(statement, undefined, options)).rowCount;
  };
  const insert: Step = async () => {
    inserted = await countInserted(session, { model, stage, signal });
  };
  // Updates first: they may free unique values that inserts need.
  await inSomeOrder(
    session,
    [
      [update, insert],
      [insert, update],
    ],
    signal,
  );
  return { inserted, updated, clashes, unchanged: rows - inserted - updated - clashes };
}

interface StagedRows {
  readonly model: TargetModel;
  readonly stage: Stage;
  readonly signal: AbortSignal;
}

async function countInserted(session: Session, { model, stage, signal }: StagedRows): Promise<number> {
  const options = { signal, collection: model.collection };
  const insert = insertMissing(model, stage);
  if (model.owned === null) return (await session.query(insert, undefined, options)).rowCount;
  const { rows } = await session.query<{ count: number }>(insertCounting(model, insert), undefined, options);
  return rows[0]?.count ?? 0;
}

/** Which rows these are is found out one by one. */
export async function refuseFixed(session: Session, { model, stage, signal }: StagedRows): Promise<void> {
  const statement = fixedOtherwise(model, stage);
  if (statement === null) return;
  const options = { signal, collection: model.collection };
  const { rowCount } = await session.query(`${statement}\nLIMIT 1`, undefined, options);
  if (rowCount > 0) throw identityRefused(model);
}

interface RepeatedKey {
  readonly key: readonly (string | null)[];
}

/** A repeated key would be updated with either of its rows, as the server likes. */
export async function refuseRepeatedKeys(
  session: Session,
  { model, stage, signal }: StagedRows,
): Promise<void> {
  const { rows } = await session.query<RepeatedKey>(repeatedKeys(model, stage), undefined, { signal });
  const [repeated] = rows;
  if (repeated === undefined) return;
  const columns = model.key.map(({ name }) => name);
  throw keyRepeated(model.collection, columns, encodeKey(repeated.key));
}
