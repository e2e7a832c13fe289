import type { Chunk } from '../../../../protocol/chunk.ts';
import { placesOf } from '../../bson/documents.ts';
import type { RowForm } from '../form/row-form.ts';
import { DocumentSection } from './document-section.ts';
import { needsLiteralAt } from './statements.ts';

/** Of one transaction of an append. Larger ones save the server little, and the driver copies what it sends twice. */
const limits = { documents: 5_000, bytes: 2 * 1024 * 1024 };

/** Documents that go in by one command. They are there until the next batch is asked for. */
export interface RawBatch {
  readonly documents: DocumentSection;
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
        batch.take(bytes.subarray(begin, from));
        yield batch;
        batch.clear();
        begin = from;
      }
      batch.note(bytes, from, to);
    }
    batch.take(bytes.subarray(begin));
  }
  if (batch.count > 0) yield batch;
}

function bytesOf(chunk: Chunk, form: RowForm): Uint8Array {
  if (chunk.format === 'pg-copy') throw new TypeError('MongoDB takes no pg-copy');
  return chunk.format === 'bson' ? chunk.bytes : Buffer.concat(chunk.rows.map((row) => form.documentOf(row)));
}

class Batch implements RawBatch {
  readonly documents = new DocumentSection('documents', limits.bytes);
  readonly literal: Uint8Array[] = [];
  count = 0;
  #bytes = 0;

  /** One document may be larger by itself. */
  isFullWith(length: number): boolean {
    return this.count > 0 && (this.count >= limits.documents || this.#bytes + length > limits.bytes);
  }

  /** One that is taken with others beside it. */
  note(bytes: Uint8Array, from: number, to: number): void {
    this.count += 1;
    this.#bytes += to - from;
    if (needsLiteralAt(bytes, from)) this.literal.push(bytes.subarray(from, to));
  }

  take(documents: Uint8Array): void {
    if (documents.length > 0) this.documents.add(documents);
  }

  clear(): void {
    this.documents.clear();
    this.literal.length = 0;
    [this.count, this.#bytes] = [0, 0];
  }
}
