import type { Key } from '../../../../protocol/names.ts';
import type { SinceRequest, SinceRows } from '../../../../protocol/since.ts';
import { keyOf } from '../../key.ts';
import type { ReadContext } from '../postgres-snapshot.ts';
import { decodedChunks } from '../read.ts';
import {
  describeOutput,
  filterCondition,
  fromTable,
  type OutputColumn,
  whereClause,
  wireExpression,
} from '../select.ts';
import { least } from './advance.ts';
import { formatCursor, parseCursor, type TableCursor } from './cursor.ts';
import { sinceCondition } from './range.sql.ts';
import { cutSince, type SincePiece, startOf } from './range.ts';
import type { TableColumn } from './table-column.ts';

/** See `ReadSnapshot.readSince`: within the transaction of the moment, piece by piece, so that a pass that dies goes on in the middle. */
export async function* readSince(
  context: ReadContext,
  { column, request }: { readonly column: TableColumn; readonly request: SinceRequest },
): AsyncGenerator<SinceRows> {
  const { session, signal, collection } = context;
  const { settings, targetRows } = request;
  const low = parseCursor(request.from)?.low ?? null;
  const from = await startOf(session, { low, column, settings }, { signal, collection });
  const pieces = await cutSince(session, { column, from, rows: targetRows }, { signal, collection });
  const reading = new PieceReading(context, { column, request, output: await describe(context, request) });
  for (const piece of pieces) {
    yield* reading.outside(piece);
    yield* reading.rows(piece);
    yield { chunk: none, outside: [], next: cursorAfter(piece, request) };
  }
}

const none = { format: 'rows', rows: [], backing: null } as const;

/** The next pass goes on from the piece that follows, with what is known of open transactions; whichever of both is lower. */
function cursorAfter({ readBelow }: SincePiece, { next }: SinceRequest): string {
  const cursor = parseCursor(next);
  if (cursor === null || readBelow === null) return next;
  return formatCursor({ ...cursor, low: least([readBelow, cursor.low]) } satisfies TableCursor);
}

const describe = (
  { session, table, types, signal, collection }: ReadContext,
  { selection }: SinceRequest,
): Promise<OutputColumn[]> =>
  describeOutput(session, { table, columns: selection.columns, types }, { signal, collection });

interface ReadingParts {
  readonly column: TableColumn;
  readonly request: SinceRequest;
  readonly output: readonly OutputColumn[];
}

class PieceReading {
  readonly #context: ReadContext;
  readonly #parts: ReadingParts;

  constructor(context: ReadContext, parts: ReadingParts) {
    this.#context = context;
    this.#parts = parts;
  }

  async *rows(piece: SincePiece): AsyncGenerator<SinceRows> {
    const { request, output } = this.#parts;
    const select = this.#select(piece, output, filterCondition(request.selection));
    for await (const chunk of decodedChunks(this.#context, output, select))
      yield { chunk, outside: [], next: null };
  }

  /** Keys of rows that the filter leaves out; it may have let them pass before. */
  async *outside(piece: SincePiece): AsyncGenerator<SinceRows> {
    const { output, request } = this.#parts;
    const { keyColumns } = request;
    const [passes] = filterCondition(request.selection);
    if (passes === undefined) return;
    const keys = output.filter(({ name }) => keyColumns.includes(name));
    const select = this.#select(piece, keys, [`NOT ${passes}`]);
    for await (const { rows } of decodedChunks(this.#context, keys, select)) {
      const outside: Key[] = rows.map((row) => keyOf(row, keyColumns));
      yield { chunk: none, outside, next: null };
    }
  }

  #select({ range }: SincePiece, output: readonly OutputColumn[], also: readonly string[]): string {
    const { table } = this.#context;
    const conditions = [...sinceCondition(this.#parts.column.column, range), ...also];
    return `SELECT ${output.map(wireExpression).join(', ')} ${fromTable(table)}${whereClause(conditions)}`;
  }
}
