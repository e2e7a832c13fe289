import type { ChangeMeta } from '../../../../../protocol/change.ts';
import { type Assembler, shard } from './assembler.ts';
import type { Projection } from './projection.ts';
import type { RelationBook } from './relation-book.ts';
import { Tuple } from './tuple.ts';

export interface HeadParts {
  readonly book: RelationBook;
  readonly assembler: Assembler;
  /** Of the transaction that is open. */
  readonly meta: () => ChangeMeta;
}

interface Head {
  readonly type: string;
  readonly bytes: Buffer;
  readonly at: number;
  readonly end: number;
}

const changeBytes = 200;

/**
 * Rows that are too large to be held, by the beginning of their messages: with the key they are read again, which finds the same and
 * says so for this row alone; without it their collection is compared.
 */
export class HeadDecoder {
  readonly #parts: HeadParts;
  readonly #new = new Tuple();
  readonly #old = new Tuple();

  constructor(parts: HeadParts) {
    this.#parts = parts;
  }

  take(bytes: Buffer, start: number, end: number): void {
    const type = String.fromCharCode(bytes[start] ?? 0);
    const known = 'IUD'.includes(type) ? this.#parts.book.get(bytes.readUInt32BE(start + 1)) : undefined;
    if (known === undefined)
      throw new Error(`a message of the type ${JSON.stringify(type)} is above the limit of a row`);
    const tuples = this.#tuples({ type, bytes, at: start + 5, end });
    for (const projection of known.projections) this.#tell(type, projection, { bytes, tuples });
  }

  /** The tuples whose keys are touched. An old one that is cut off hides the new one; its key is most likely the same. */
  #tuples({ type, bytes, at, end }: Head): readonly Tuple[] {
    if (type !== 'U' || bytes[at] === 0x4e) {
      this.#new.scanHead(bytes, at + 1, end);
      return [this.#new];
    }
    const next = this.#old.scanHead(bytes, at + 1, end);
    if (next === null || next >= end) return [this.#old];
    this.#new.scanHead(bytes, next + 1, end);
    return [this.#old, this.#new];
  }

  #tell(
    type: string,
    projection: Projection,
    { bytes, tuples }: { readonly bytes: Buffer; readonly tuples: readonly Tuple[] },
  ): void {
    const { collection } = projection;
    if (!tuples.every((tuple) => projection.hasKey(tuple))) {
      this.#lose(collection);
      return;
    }
    const [first] = tuples;
    const keys = tuples.map((tuple) => projection.key(bytes, tuple, first ?? null));
    const meta = this.#parts.meta();
    // Of an update either key may be the former one.
    const how = type === 'D' ? ({ kind: 'delete' } as const) : ({ kind: 'touch', gone: true } as const);
    for (const key of new Set(keys))
      this.#parts.assembler.add({ ...how, collection, key, meta }, changeBytes);
  }

  #lose(collection: string): void {
    const reason = `${collection}: a row above maxRowBytes, whose key does not stand in its first columns`;
    this.#parts.assembler.interject((at) => ({
      kind: 'gap',
      gap: { shard, from: at, to: at, reason },
      collections: [collection],
    }));
  }
}
