import type { RowsChunk, StoredForm } from '../../../../protocol/chunk.ts';
import type { Partition } from '../../../../protocol/partition.ts';
import { RowDecoder } from '../../copy/binary-decoder.ts';
import { RowEncoder } from '../../copy/binary-encoder.ts';
import { contentOf } from '../../copy/row-content.ts';
import { typeRule } from '../../types/type-table.ts';
import type { Destination } from '../destination.ts';
import { insertable, type TargetModel } from '../model/target-model.ts';
import { keyOf } from './key-of.ts';
import { copyStored } from './read.sql.ts';

const noBytes = new Uint8Array();

/** Each row's values as the target would keep them, one after the other with their lengths. */
export function storedForms(model: TargetModel, chunk: RowsChunk): readonly StoredForm[] {
  const encoder = new RowEncoder(insertable(model), model.collection);
  const bytes = encoder.stored(chunk.rows);
  return chunk.rows.map((row, index) => ({ key: keyOf(model, row), bytes: bytes[index] ?? noBytes }));
}

/** The same forms of what is stored: the bytes are the server's own. */
export async function* readStoredForms(
  { pool }: Destination,
  model: TargetModel,
  { partition, signal }: { readonly partition: Partition; readonly signal: AbortSignal },
): AsyncGenerator<readonly StoredForm[]> {
  const columns = insertable(model).map(({ name, type }) => ({ name, codec: typeRule(type).codec }));
  // A row too large for us to hold is missing here, and judged at the server.
  const decoder = new RowDecoder(columns, { maxRowBytes: pool.config.maxRowBytes });
  const session = await pool.acquire({ signal });
  try {
    for await (const { bytes } of session.copyOut(copyStored(model, partition), {
      signal,
      collection: model.collection,
    })) {
      for (const chunk of decoder.push(bytes).chunks) yield storedBytes(model, chunk);
    }
    for (const chunk of decoder.finish().chunks) yield storedBytes(model, chunk);
  } finally {
    await pool.release(session);
  }
}

/** A decoded row is a run of the bytes that it was decoded from. */
function storedBytes(model: TargetModel, chunk: RowsChunk): readonly StoredForm[] {
  const content = contentOf(chunk.backing);
  if (content === null) return storedForms(model, chunk);
  const width = content.columns.length + 1;
  const start = content.rows.indexOf(chunk.rows[0] ?? {});
  return chunk.rows.map((row, index) => {
    const base = (start + index) * width;
    const bytes = content.bytes.subarray(content.offsets[base] ?? 0, content.offsets[base + width - 1] ?? 0);
    return { key: keyOf(model, row), bytes };
  });
}
