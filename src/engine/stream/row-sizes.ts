import type { CollectionName } from '../../protocol/names.ts';
import type { Shape } from '../../protocol/shape.ts';
import type { Row, Value } from '../../protocol/value.ts';

/** Of a collection that the source has no figures of. */
const guessedBytes = 1024;
/** Of fewer rows the pages that hold them say little. */
const fewRows = 1_000;

export type Estimate = Pick<Shape, 'estimatedRows' | 'estimatedBytes'>;

/**
 * How large rows are that are read again, so that what is going to be read fits into memory: of a key alone nobody can tell. It begins with
 * what the source estimates, grows with the first window of larger rows and shrinks slowly. Without I/O.
 */
export class RowSizes {
  readonly #byCollection = new Map<CollectionName, number>();

  constructor(shapes: ReadonlyMap<CollectionName, Estimate> = new Map()) {
    for (const [collection, { estimatedRows, estimatedBytes }] of shapes)
      if (estimatedRows >= fewRows && estimatedBytes > 0)
        this.#byCollection.set(collection, estimatedBytes / estimatedRows);
  }

  /** What a row of the collection is expected to take, in bytes; at least 1. */
  of(collection: CollectionName): number {
    return this.#byCollection.get(collection) ?? guessedBytes;
  }

  /** So many keys were read and their rows, those that are there, took so much. */
  read(collection: CollectionName, { keys, bytes }: { readonly keys: number; readonly bytes: number }): void {
    if (keys === 0) return;
    const each = Math.max(1, bytes / keys);
    const known = this.#byCollection.get(collection);
    const now = known === undefined ? each : Math.max(each, 0.8 * known + 0.2 * each);
    this.#byCollection.set(collection, now);
  }
}

/** About what a row takes in memory. */
export function rowBytes(row: Row): number {
  let bytes = 0;
  for (const name in row) bytes += valueBytes(row[name] ?? null);
  return bytes;
}

const smallBytes = 8;

function valueBytes(value: Value): number {
  if (typeof value === 'string') return smallBytes + value.length;
  if (typeof value !== 'object' || value === null || value instanceof Date) return smallBytes;
  if (value instanceof Uint8Array) return smallBytes + value.byteLength;
  return Object.values(value).reduce((sum: number, item: Value) => sum + valueBytes(item), smallBytes);
}
