import type { PgCopyChunk, RowsChunk } from '../../../../protocol/chunk.ts';
import { toError } from '../../../../protocol/errors/lockstep-error.ts';
import { copyHeader, copyTrailer, type RowEncoder } from '../../copy/binary-encoder.ts';
import type { Session } from '../../session/session.ts';
import { list } from '../model/expressions.ts';

export interface CopyDestination {
  /** Qualified and quoted table. */
  readonly sql: string;
  /** Quoted columns, in the order of the stream. */
  readonly columns: readonly string[];
  readonly collection: string;
  readonly signal: AbortSignal;
  /** Into a table that this transaction made: snapshots older than it see the rows too. */
  readonly freeze?: boolean;
}

/** One stream of another server's, passed on as it is. The rows that the server counted. */
export function copyStream(
  session: Session,
  destination: CopyDestination,
  {
    encoding,
    chunks,
  }: { readonly encoding: PgCopyChunk['encoding']; readonly chunks: AsyncIterable<PgCopyChunk> },
): Promise<number> {
  return copyPieces(session, copyStatement(destination, encoding), { pieces: chunks, ...destination });
}

/** Rows, encoded here. */
export function copyRows(
  session: Session,
  destination: CopyDestination,
  {
    encoder,
    chunks,
  }: { readonly encoder: RowEncoder; readonly chunks: AsyncIterable<RowsChunk> | Iterable<RowsChunk> },
): Promise<number> {
  async function* pieces(): AsyncGenerator<Piece> {
    yield { bytes: copyHeader };
    for await (const chunk of chunks) {
      const bytes = encoder.encode(chunk);
      yield { bytes, release: () => encoder.giveBack(bytes) };
    }
    yield { bytes: copyTrailer };
  }
  return copyPieces(session, copyStatement(destination, 'binary'), { pieces: pieces(), ...destination });
}

const copyStatement = (
  { sql, columns, freeze = false }: CopyDestination,
  format: PgCopyChunk['encoding'],
): string => `COPY ${sql} (${list(columns)}) FROM STDIN (FORMAT ${format}${freeze ? ', FREEZE' : ''})`;

type Piece = Pick<PgCopyChunk, 'bytes' | 'release'>;

interface Pieces {
  readonly pieces: AsyncIterable<Piece>;
  readonly collection: string;
  readonly signal: AbortSignal;
}

/** What breaks the source breaks the COPY: the server forgets what came, and the source's error is the one that is told. */
async function copyPieces(
  session: Session,
  statement: string,
  { pieces, collection, signal }: Pieces,
): Promise<number> {
  const copy = await session.copyIn(statement, { signal, collection });
  try {
    for await (const { bytes, release } of pieces) await copy.write(bytes, release);
  } catch (thrown) {
    await copy.fail(toError(thrown).name);
    throw thrown;
  }
  return copy.end();
}
