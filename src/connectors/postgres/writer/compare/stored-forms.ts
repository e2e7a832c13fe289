import type { GroupedForm, RowsChunk, StoredForm } from '../../../../protocol/chunk.ts';
import type { Key } from '../../../../protocol/names.ts';
import type { Partition } from '../../../../protocol/partition.ts';
import { RowEncoder } from '../../copy/binary-encoder.ts';
import { RowScanner, type ScannedRows } from '../../copy/row-scanner.ts';
import { encodeKey, keyText } from '../../key.ts';
import { assertKnown } from '../../reader/digest.sql.ts';
import { codecs } from '../../types/codecs.ts';
import { textTransport } from '../../types/text-transport.ts';
import { typeRule } from '../../types/type-table.ts';
import type { Destination } from '../destination.ts';
import { insertable, type TargetModel } from '../model/target-model.ts';
import { keyOf } from './key-of.ts';
import { copyGrouped, copyStored, type GroupedForms } from './read.sql.ts';

const noBytes = new Uint8Array();

/** Each row's values as the target would keep them, one after the other with their lengths. */
export function storedForms(model: TargetModel, chunk: RowsChunk): readonly StoredForm[] {
  const encoder = new RowEncoder(insertable(model), model.collection);
  const bytes = encoder.stored(chunk.rows);
  return chunk.rows.map((row, index) => ({ key: keyOf(model, row), bytes: bytes[index] ?? noBytes }));
}

/** The same forms of what is stored: the bytes are the server's own, and of them only the key is read. */
export async function* readStoredForms(
  destination: Destination,
  model: TargetModel,
  { partition, signal }: { readonly partition: Partition; readonly signal: AbortSignal },
): AsyncGenerator<readonly StoredForm[]> {
  const sql = copyStored(model, partition);
  const formAt = storedFormReader(model, 0);
  for await (const rows of scannedRows(destination, model, { sql, before: 0, signal })) {
    const { bytes, offsets, count } = rows;
    const width = insertable(model).length + 1;
    yield Array.from({ length: count }, (_, index) => formAt(bytes, offsets, index * width));
  }
}

/** In front of the columns: the group and the hash of the row. */
const groupColumns = 2;

export async function* readGroupedForms(
  destination: Destination,
  model: TargetModel,
  query: GroupedForms,
): AsyncGenerator<readonly GroupedForm[]> {
  assertKnown(query.agreement);
  const sql = copyGrouped(model, query);
  const formAt = storedFormReader(model, groupColumns);
  const width = groupColumns + insertable(model).length + 1;
  const { signal } = query;
  for await (const rows of scannedRows(destination, model, { sql, before: groupColumns, signal })) {
    const { bytes, offsets, count } = rows;
    yield Array.from({ length: count }, (_, index) => {
      const base = index * width;
      const group = bytes.readInt32BE((offsets[base] ?? 0) + 4);
      const hash = bytes.readBigInt64BE((offsets[base + 1] ?? 0) + 4);
      return { ...formAt(bytes, offsets, base), group, hash };
    });
  }
}

interface Scanning {
  readonly sql: string;
  /** Columns in front of those that are compared. */
  readonly before: number;
  readonly signal: AbortSignal;
}

/** A row too large for us to hold is missing here, and judged at the server. */
async function* scannedRows(
  { pool }: Destination,
  model: TargetModel,
  { sql, before, signal }: Scanning,
): AsyncGenerator<ScannedRows> {
  const { maxRowBytes } = pool.config;
  const scanner = new RowScanner(before + insertable(model).length, { maxRowBytes });
  const session = await pool.acquire({ signal });
  try {
    for await (const { bytes } of session.copyOut(sql, { signal, collection: model.collection })) {
      const rows = scanner.push(bytes);
      if (rows.count > 0) yield rows;
    }
    const last = scanner.finish();
    if (last.count > 0) yield last;
  } finally {
    await pool.release(session);
  }
}

/** Reads something of the row whose offsets begin at `base`. */
type ReadAt<Result> = (bytes: Buffer, offsets: Int32Array, base: number) => Result;

/** A row's stored form is a run of the bytes that it came in. */
function storedFormReader(model: TargetModel, before: number): ReadAt<StoredForm> {
  const columns = insertable(model);
  const keyAt = keyReader(model, before);
  return (bytes, offsets, base) => {
    const end = offsets[base + before + columns.length] ?? 0;
    return {
      key: keyAt(bytes, offsets, base),
      bytes: bytes.subarray(offsets[base + before] ?? 0, end),
    };
  };
}

/** The key of what is stored, in the spelling that `keyOf` gives it. */
function keyReader(model: TargetModel, before: number): ReadAt<Key> {
  const columns = insertable(model);
  const parts = model.key.map(({ name, type }) => {
    const { codec } = typeRule(type);
    const { decode } = codec === null ? textTransport : codecs[codec];
    return { place: before + columns.findIndex((column) => column.name === name), decode };
  });
  return (bytes, offsets, base) =>
    encodeKey(
      parts.map(({ place, decode }) => {
        const start = (offsets[base + place] ?? 0) + 4;
        const length = bytes.readInt32BE(start - 4);
        return length < 0 ? '' : keyText(decode(bytes, start, start + length));
      }),
    );
}
