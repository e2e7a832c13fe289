import type { ChangeMeta } from '../../../../../protocol/change.ts';
import type { Assembler } from './assembler.ts';
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
  /** Collections of which this transaction has told a row without its key. */
  readonly #lost = new Set<string>();
  #lostIn: ChangeMeta | null = null;

  constructor(parts: HeadParts) {
    this.#parts = parts;
  }

  take(bytes: Buffer, start: number, end: number): void {
    const type = String.fromCharCode(bytes[start] ?? 0);
    const known = 'IUD'.includes(type) ? this.#parts.book.get(bytes.readUInt32BE(start + 1)) : undefined;
    if (known === undefined)
      throw new Error(`a message of the type ${JSON.stringify(type)} is above the limit of a row`);
    const tuples = this.#tuples({ type, bytes, at: start + 5, end });
    for (const projection of known.projections) {
      if (tuples.every((tuple) => projection.hasKey(tuple))) this.#tell(type, projection, { bytes, tuples });
      else this.#lose(projection.collection, known.source);
    }
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
    const [first] = tuples;
    const keys = tuples.map((tuple) => projection.key(bytes, tuple, first ?? null));
    const meta = this.#parts.meta();
    // Of an update either key may be the former one.
    const how = type === 'D' ? ({ kind: 'delete' } as const) : ({ kind: 'touch', gone: true } as const);
    for (const key of new Set(keys))
      this.#parts.assembler.add({ ...how, collection, key, meta }, changeBytes);
  }

  /** Inside of the transaction, so that whoever passes it has noted the walk. Once for all rows of it. */
  #lose(collection: string, source: string): void {
    const meta = this.#parts.meta();
    if (this.#lostIn !== meta) this.#lost.clear();
    this.#lostIn = meta;
    if (this.#lost.has(collection)) return;
    this.#lost.add(collection);
    const detail = 'a row above maxRowBytes, whose key does not stand in its first columns';
    this.#parts.assembler.barrier([collection], { kind: 'compare', source, detail });
  }
}
