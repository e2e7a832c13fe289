import type { Chunk } from '../../../../protocol/chunk.ts';
import { placesOf } from '../../bson/documents.ts';
import type { RowForm } from '../form/row-form.ts';
import { needsLiteralAt } from './statements.ts';

/** Of one transaction of an append. Larger ones save little; the driver copies what it sends twice. */
const limits = { documents: 5_000, bytes: 4 * 1024 * 1024 };

/** Documents that go in by one command. */
export interface RawBatch {
  /** Each piece is documents that lie one after the other. */
  readonly pieces: readonly Uint8Array[];
  readonly count: number;
  /** Those that an insert alone would change. */
  readonly literal: readonly Uint8Array[];
}

/** The documents of some chunks in batches that a transaction takes, without an object for each document. */
export async function* rawBatches(chunks: AsyncIterable<Chunk>, form: RowForm): AsyncIterable<RawBatch> {
  const batch = new Batch();
  for await (const chunk of chunks) {
    const bytes = bytesOf(chunk, form);
    let begin = 0;
    for (const [from, to] of placesOf(bytes)) {
      if (batch.isFullWith(to - from)) {
        batch.takePiece(bytes.subarray(begin, from));
        yield batch.empty();
        begin = from;
      }
      batch.count(bytes, from, to);
    }
    batch.takePiece(bytes.subarray(begin));
  }
  if (!batch.isEmpty) yield batch.empty();
}

function bytesOf(chunk: Chunk, form: RowForm): Uint8Array {
  if (chunk.format === 'pg-copy') throw new TypeError('MongoDB takes no pg-copy');
  return chunk.format === 'bson' ? chunk.bytes : Buffer.concat(chunk.rows.map((row) => form.documentOf(row)));
}

class Batch {
  #pieces: Uint8Array[] = [];
  #literal: Uint8Array[] = [];
  #count = 0;
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** One document may be larger by itself. */
  isFullWith(length: number): boolean {
    return this.#count > 0 && (this.#count >= limits.documents || this.#bytes + length > limits.bytes);
  }

  count(bytes: Uint8Array, from: number, to: number): void {
    this.#count += 1;
    this.#bytes += to - from;
    if (needsLiteralAt(bytes, from)) this.#literal.push(bytes.subarray(from, to));
  }

  takePiece(piece: Uint8Array): void {
    if (piece.length > 0) this.#pieces.push(piece);
  }

  empty(): RawBatch {
    const batch = { pieces: this.#pieces, count: this.#count, literal: this.#literal };
    [this.#pieces, this.#literal, this.#count, this.#bytes] = [[], [], 0, 0];
    return batch;
  }
}
