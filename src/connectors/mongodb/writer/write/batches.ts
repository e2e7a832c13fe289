import type { Chunk } from '../../../../protocol/chunk.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Row } from '../../../../protocol/value.ts';
import { splitDocuments } from '../../bson/documents.ts';
import { idElement } from '../../bson/elements.ts';
import { documentColumn } from '../../names.ts';
import type { RowForm } from '../form/row-form.ts';
import type { KeyedDocument } from './bring-in.ts';

/** Of one transaction. Larger ones save little, and hold the server's cache; one document may be larger by itself. */
export const transactionLimits = { documents: 2_000, bytes: 8 * 1024 * 1024 };

/** The documents of some chunks, in batches that a transaction takes. */
export async function* inBatches(
  chunks: AsyncIterable<Chunk>,
  form: RowForm,
): AsyncIterable<readonly KeyedDocument[]> {
  let batch: KeyedDocument[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    for (const document of documentsIn(chunk, form)) {
      const isFull =
        batch.length >= transactionLimits.documents || bytes + document.length > transactionLimits.bytes;
      if (isFull && batch.length > 0) {
        yield batch;
        [batch, bytes] = [[], 0];
      }
      batch.push({ key: form.ids.keyOf(idElement(document)), document });
      bytes += document.length;
    }
  }
  if (batch.length > 0) yield batch;
}

function* documentsIn(chunk: Chunk, form: RowForm): Iterable<Uint8Array> {
  if (chunk.format === 'pg-copy') throw new TypeError('MongoDB takes no pg-copy');
  if (chunk.format === 'rows') yield* chunk.rows.map((row) => form.documentOf(row));
  else yield* splitDocuments(chunk.bytes);
}

export function documentOfRow(row: Row): Uint8Array {
  const document = row[documentColumn];
  if (document instanceof Uint8Array) return document;
  throw new LockstepError('internal', { detail: `a row without ${documentColumn} came to MongoDB` });
}
