import type { GroupedForm, RowsChunk, StoredForm } from '../../../../protocol/chunk.ts';
import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
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
import { keyFirst, type TargetModel } from '../model/target-model.ts';
import { keyOf } from './key-of.ts';
import { copyGrouped, copyStored, type GroupedForms } from './read.sql.ts';

const noBytes = new Uint8Array();

/** Each row's values as the target would keep them, one after the other with their lengths. */
export function storedForms(model: TargetModel, chunk: RowsChunk): readonly StoredForm[] {
  const encoder = new RowEncoder(keyFirst(model), model.collection);
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
  const formOf = largeFormReader(model, 0);
  const width = keyFirst(model).length + 1;
  for await (const rows of scannedRows(destination, model, { sql, before: 0, signal })) {
    const { bytes, offsets, count, oversized } = rows;
    const held = Array.from({ length: count }, (_, index) => formAt(bytes, offsets, index * width));
    yield [...held, ...oversized.map(({ head }) => formOf(head).form)];
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
  const formOf = largeFormReader(model, groupColumns);
  const width = groupColumns + keyFirst(model).length + 1;
  const { signal } = query;
  for await (const rows of scannedRows(destination, model, { sql, before: groupColumns, signal })) {
    const { bytes, offsets, count, oversized } = rows;
    const held = Array.from({ length: count }, (_, index) => {
      const base = index * width;
      return { ...formAt(bytes, offsets, base), ...groupAt(bytes, offsets, base) };
    });
    const large = oversized.map(({ head }) => {
      const { form, places } = formOf(head);
      return { ...form, ...groupAt(head, places, 0) };
    });
    yield [...held, ...large];
  }
}

const groupAt: ReadAt<Pick<GroupedForm, 'group' | 'hash'>> = (bytes, offsets, base) => ({
  group: bytes.readInt32BE((offsets[base] ?? 0) + 4),
  hash: bytes.readBigInt64BE((offsets[base + 1] ?? 0) + 4),
});

interface Scanning {
  readonly sql: string;
  /** Columns in front of those that are compared. */
  readonly before: number;
  readonly signal: AbortSignal;
}

/** Of a row too large for us to hold the beginning is kept, and it is judged at the server. */
async function* scannedRows(
  { pool }: Destination,
  model: TargetModel,
  { sql, before, signal }: Scanning,
): AsyncGenerator<ScannedRows> {
  const { maxRowBytes } = pool.config;
  const scanner = new RowScanner(before + keyFirst(model).length, { maxRowBytes });
  const session = await pool.acquire({ signal });
  try {
    for await (const { bytes, release } of session.copyOut(sql, {
      signal,
      collection: model.collection,
    })) {
      const rows = scanner.push(bytes);
      release();
      if (rows.count > 0 || rows.oversized.length > 0) yield rows;
    }
    yield scanner.finish();
  } finally {
    await pool.release(session);
  }
}

/** Reads something of the row whose offsets begin at `base`. */
type ReadAt<Result> = (bytes: Buffer, offsets: Int32Array, base: number) => Result;

/** A row's stored form is a run of the bytes that it came in. */
function storedFormReader(model: TargetModel, before: number): ReadAt<StoredForm> {
  const columns = keyFirst(model);
  const keyAt = keyReader(model, before);
  return (bytes, offsets, base) => {
    const end = offsets[base + before + columns.length] ?? 0;
    return {
      key: keyAt(bytes, offsets, base),
      bytes: bytes.subarray(offsets[base + before] ?? 0, end),
    };
  };
}

interface LargeForm {
  readonly form: StoredForm;
  /** Where the kept fields are, up to the key's last. */
  readonly places: Int32Array;
}

/** The form of a row by its beginning: equal to no other one. */
function largeFormReader(model: TargetModel, before: number): (head: Buffer) => LargeForm {
  const keyAt = keyReader(model, before);
  return (head) => {
    const places = placesIn(head, before + model.key.length);
    if (places === null) throw tooLarge(model);
    return { form: { key: keyAt(head, places, 0), bytes: noBytes }, places };
  };
}

/** Null: not all of so many fields were kept. */
function placesIn(head: Buffer, fields: number): Int32Array | null {
  const places = new Int32Array(fields);
  let at = 0;
  for (let field = 0; field < fields; field += 1) {
    if (at + 4 > head.length) return null;
    places[field] = at;
    at += 4 + Math.max(0, head.readInt32BE(at));
  }
  return at > head.length ? null : places;
}

/** Its key alone takes more than is kept of a row. */
const tooLarge = ({ collection }: TargetModel): LockstepError =>
  new LockstepError('row-too-large', { collection, detail: 'its key is too large to be read' });

/** The key of what is stored, in the spelling that `keyOf` gives it. */
function keyReader(model: TargetModel, before: number): ReadAt<Key> {
  const columns = keyFirst(model);
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
        return length < 0 ? null : keyText(decode(bytes, start, start + length));
      }),
    );
}
