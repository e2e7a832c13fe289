import type { Chunk } from '../../../../protocol/chunk.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { RowEncoder } from '../../copy/binary-encoder.ts';
import type { Session } from '../../session/session.ts';
import { list } from '../model/expressions.ts';
import { insertable, type TargetColumn, type TargetModel } from '../model/target-model.ts';
import { ChunkSource, unexpected } from './chunk-source.ts';
import { copyRows, copyStream } from './copy-in.ts';
import { createRawStage, createStage, fromText, type Stage, stageOf } from './stage.sql.ts';

export interface FillRequest {
  readonly model: TargetModel;
  readonly chunks: AsyncIterable<Chunk>;
  readonly signal: AbortSignal;
}

/** All rows into a temporary table, as the target would store them. */
export async function fillStage(
  session: Session,
  { model, chunks, name, signal }: FillRequest & { readonly name: string },
): Promise<{ readonly stage: Stage; readonly rows: number }> {
  await using source = await ChunkSource.open(chunks);
  return await fillStageFrom(session, source, { model, name, signal });
}

async function fillStageFrom(
  session: Session,
  source: ChunkSource,
  {
    model,
    name,
    signal,
  }: { readonly model: TargetModel; readonly name: string; readonly signal: AbortSignal },
): Promise<{ readonly stage: Stage; readonly rows: number }> {
  const stage = stageOf(name, model.columns);
  await session.execute(createStage(model, stage), { signal, collection: model.collection });
  const rows = await copyToStage(session, source, { model, stage, signal });
  return { stage, rows };
}

/** Straight into the target where nothing stands between, else through a stage. Nothing is looked at: a key that exists is refused. */
export async function fillTarget(
  session: Session,
  { chunks, ...request }: FillRequest & { readonly freeze?: boolean },
): Promise<number> {
  await using source = await ChunkSource.open(chunks);
  return await fillTargetFrom(session, source, request);
}

/** The same from chunks of which the first was read already. */
export async function fillTargetFrom(
  session: Session,
  source: ChunkSource,
  { model, signal, freeze = false }: Omit<FillRequest, 'chunks'> & { readonly freeze?: boolean },
): Promise<number> {
  const { first } = source;
  if (first === null) return 0;
  const columns = insertable(model);
  const destination = {
    sql: model.sql,
    columns: columns.map(({ sql }) => sql),
    collection: model.collection,
    signal,
    freeze,
  };
  if (first.format === 'pg-copy' && columns.length === model.columns.length) {
    return await copyStream(session, destination, { encoding: first.encoding, chunks: source.pgCopy() });
  }
  const encoder = new RowEncoder(columns, model.collection);
  if (first.format === 'rows' && encoder.direct) {
    return await copyRows(session, destination, { encoder, chunks: source.rows() });
  }
  if (freeze) throw new LockstepError('swap-refused', { collection: model.collection, detail: notFrozen });
  const { stage } = await fillStageFrom(session, source, { model, name: 'lockstep_stage', signal });
  const { rowCount } = await session.query(insertAll(model, stage), undefined, {
    signal,
    collection: model.collection,
  });
  return rowCount;
}

/** Only COPY can freeze rows, and only those that it brings in itself. */
const notFrozen =
  'its rows come by way of another table (generated columns, or types that travel as text), so a reader with an older snapshot would find it empty';

const insertAll = (model: TargetModel, stage: Stage): string => `
INSERT INTO ${model.sql} (${list(insertable(model).map(({ sql }) => sql))}) OVERRIDING SYSTEM VALUE
SELECT ${list(insertable(model).map(({ slot }) => slot))} FROM ${stage.sql}`;

interface StageRequest {
  readonly model: TargetModel;
  readonly stage: Stage;
  readonly signal: AbortSignal;
}

async function copyToStage(session: Session, source: ChunkSource, request: StageRequest): Promise<number> {
  const { first } = source;
  if (first === null) return 0;
  const { model, stage, signal } = request;
  switch (first.format) {
    case 'pg-copy': {
      const columns = stage.columns.map(({ slot }) => slot);
      const destination = { sql: stage.sql, columns, collection: model.collection, signal };
      return copyStream(session, destination, { encoding: first.encoding, chunks: source.pgCopy() });
    }
    case 'rows':
      return rowsToStage(session, source, request);
    case 'bson':
      throw unexpected(first);
  }
}

async function rowsToStage(
  session: Session,
  source: ChunkSource,
  { model, stage, signal }: StageRequest,
): Promise<number> {
  const columns = model.columns.filter(
    (column) => !column.generated || model.key.some(({ name }) => name === column.name),
  );
  const encoder = new RowEncoder(columns, model.collection);
  const into = await copyDoor(session, { stage, columns, encoder, collection: model.collection, signal });
  const rows = await copyRows(session, into.destination, { encoder, chunks: source.rows() });
  await into.pass();
  return rows;
}

/** Where encoded rows go in: the stage itself, or a table in front of it when some columns arrive as text. */
export async function copyDoor(
  session: Session,
  request: {
    readonly stage: Stage;
    readonly columns: readonly Pick<TargetColumn, 'slot' | 'type'>[];
    readonly encoder: RowEncoder;
    readonly collection: string;
    readonly signal: AbortSignal;
  },
): Promise<{ readonly destination: Parameters<typeof copyRows>[1]; readonly pass: () => Promise<void> }> {
  const { stage, columns, encoder, collection, signal } = request;
  const slots = columns.map(({ slot }) => slot);
  const destination = { sql: stage.sql, columns: slots, collection, signal };
  if (encoder.direct) return { destination, pass: async () => undefined };
  const name = `${stage.name}_raw`;
  const raw = columns.map(({ slot }, index) => ({ slot, type: encoder.wireTypes[index] ?? 'text' }));
  await session.execute(createRawStage(name, raw), { signal, collection });
  return {
    destination: { ...destination, sql: `pg_temp.${name}` },
    pass: async () => {
      const values = columns.map(({ slot, type }, index) =>
        raw[index]?.type === 'text' ? fromText(type, slot) : slot,
      );
      const statement = `INSERT INTO ${stage.sql} (${list(slots)}) SELECT ${list(values)} FROM pg_temp.${name}`;
      await session.execute(statement, { signal, collection });
    },
  };
}
