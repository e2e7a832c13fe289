import type { Chunk, Format, RefusedRow, RowsChunk } from '../../../protocol/chunk.ts';
import type { RowGroups } from '../../../protocol/digest.ts';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { Partition } from '../../../protocol/partition.ts';
import type { Selection } from '../../../protocol/selection.ts';
import type { DecodedRows, OversizedRow } from '../copy/binary-decoder.ts';
import { RowDecoder } from '../copy/binary-decoder.ts';
import { typeRule } from '../types/type-table.ts';
import { inGroups } from './digest.sql.ts';
import { type RangeKey, rangeConditions } from './key-range.ts';
import type { ReadContext } from './postgres-snapshot.ts';
import {
  describeOutput,
  filterCondition,
  fromTable,
  type OutputColumn,
  whereClause,
  wireExpression,
} from './select.ts';

export interface CopyRequest {
  readonly format: Format;
  readonly selection: Selection;
  readonly partition: Partition;
  readonly key: RangeKey | null;
  readonly groups?: RowGroups | undefined;
}

/** The rows of a partition through COPY, in the format asked for. */
export async function* copyRows(context: ReadContext, request: CopyRequest): AsyncGenerator<Chunk> {
  const { session, table, types, signal, collection } = context;
  const { format, selection, partition, key, groups } = request;
  const output = await describeOutput(
    session,
    { table, columns: selection.columns, types },
    { signal, collection },
  );
  const conditions = [
    ...rangeConditions(partition, key, collection),
    ...filterCondition(selection),
    ...(groups === undefined ? [] : [inGroups({ ...groups, selection })]),
  ];
  const tail = `${fromTable(table)}${whereClause(conditions)}`;
  switch (format) {
    case 'pg-copy':
      return yield* copyPieces(context, output, tail);
    case 'rows':
      return yield* decodedChunks(context, output, `SELECT ${output.map(wireExpression).join(', ')} ${tail}`);
    case 'bson':
      throw new LockstepError('internal', { detail: 'PostgreSQL has no BSON' });
  }
}

async function* copyPieces(
  context: ReadContext,
  output: readonly OutputColumn[],
  tail: string,
): AsyncGenerator<Chunk> {
  const { session, signal, collection } = context;
  const encoding = output.every(({ type }) => typeRule(type).binarySafe) ? 'binary' : 'text';
  const select = `SELECT ${output.map(({ expression }) => expression).join(', ')} ${tail}`;
  const sql = `COPY (${select}) TO STDOUT (FORMAT ${encoding})`;
  for await (const piece of session.copyOut(sql, { signal, collection }))
    yield { format: 'pg-copy', encoding, ...piece };
}

/** The rows of a SELECT that has these columns. */
export async function* decodedChunks(
  context: ReadContext,
  output: readonly OutputColumn[],
  select: string,
): AsyncGenerator<RowsChunk> {
  const columns = output.map(({ name, type }) => ({ name, codec: typeRule(type).codec }));
  for await (const { chunks, oversized } of decodeCopy(context, { select, columns })) {
    if (oversized.length > 0) {
      const refused = oversized.map((row) => toRefused(context, output, row));
      yield { format: 'rows', rows: [], backing: null, refused };
    }
    yield* chunks;
  }
}

function toRefused(
  context: ReadContext,
  output: readonly OutputColumn[],
  oversized: OversizedRow,
): RefusedRow {
  const known = oversized.firstValues.map((value, index) => [output[index]?.name ?? '', value] as const);
  return { row: Object.freeze(Object.fromEntries(known)), error: tooLarge(context, oversized) };
}

export interface CopiedSelect extends CopySurroundings {
  readonly select: string;
  readonly columns: ConstructorParameters<typeof RowDecoder>[0];
}

export interface CopySurroundings {
  /** Statements that the COPY is one transaction with, each with its semicolon. */
  readonly before?: string;
  readonly onRow?: (fields: readonly (string | null)[]) => void;
}

/** A SELECT through binary COPY, decoded. */
export async function* decodeCopy(
  { session, signal, collection, maxRowBytes }: Omit<ReadContext, 'types' | 'table'>,
  { select, columns, before = '', onRow }: CopiedSelect,
): AsyncGenerator<DecodedRows> {
  const decoder = new RowDecoder(columns, { maxRowBytes });
  const options = { signal, collection, ...(onRow === undefined ? {} : { onRow }) };
  for await (const { bytes, release } of session.copyOut(
    `${before}COPY (${select}) TO STDOUT (FORMAT binary)`,
    options,
  )) {
    const decoded = decoder.push(bytes);
    release();
    if (decoded.chunks.length > 0 || decoded.oversized.length > 0) yield decoded;
  }
  yield decoder.finish();
}

const tooLarge = ({ collection, maxRowBytes }: ReadContext, row: OversizedRow): LockstepError =>
  new LockstepError('row-too-large', {
    collection,
    detail: `a row of ${row.bytes} bytes, maxRowBytes is ${maxRowBytes}`,
  });
