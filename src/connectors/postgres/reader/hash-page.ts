import type { HashPage } from '../../../protocol/digest.ts';
import type { Key } from '../../../protocol/names.ts';
import type { Value } from '../../../protocol/value.ts';
import { frameBytes } from '../copy/frames.ts';
import { encodeKey, keyText } from '../key.ts';

/** A column of the key, behind the hash, in the binary form of its type. */
export interface PagedKeyColumn {
  /** Whether the first bit is a sign: of integers, dates and timestamps. Else the order is that of the bytes. */
  readonly signed: boolean;
  readonly decode: (bytes: Buffer, start: number, end: number) => Value;
}

/** In front of the key: the message's head, the number of fields, and the hash with its length. */
const keyOffset = frameBytes + 2 + 4 + 8;

/** CopyData messages from `start` to `end`, each one row of (hash, key…). */
export interface PagedRows {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export class PostgresHashPage implements HashPage {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #key: readonly PagedKeyColumn[];
  #at: number;

  constructor({ bytes, start, end }: PagedRows, key: readonly PagedKeyColumn[]) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#key = key;
  }

  get atEnd(): boolean {
    return this.#at >= this.#end;
  }

  takeCommon(other: HashPage): number {
    const theirs = ours(other);
    const [a, b] = [this.#bytes, theirs.#bytes];
    let [at, otherAt, rows] = [this.#at, theirs.#at, 0];
    while (at < this.#end && otherAt < theirs.#end) {
      const length = a.readInt32BE(at + 1) + 1;
      let same = 0;
      // The length is among what is compared.
      while (same < length && a[at + same] === b[otherAt + same]) same += 1;
      if (same < length) break;
      at += length;
      otherAt += length;
      rows += 1;
    }
    this.#at = at;
    theirs.#at = otherAt;
    return rows;
  }

  compareKeys(other: HashPage): number {
    const theirs = ours(other);
    const [a, b] = [this.#bytes, theirs.#bytes];
    let [at, otherAt] = [this.#at + keyOffset, theirs.#at + keyOffset];
    for (const { signed } of this.#key) {
      const [end, otherEnd] = [at + 4 + a.readInt32BE(at), otherAt + 4 + b.readInt32BE(otherAt)];
      const sign = signed ? a.readInt8(at + 4) - b.readInt8(otherAt + 4) : 0;
      if (sign !== 0) return sign;
      const order = a.compare(b, otherAt + 4, otherEnd, at + 4, end);
      if (order !== 0) return order;
      [at, otherAt] = [end, otherEnd];
    }
    return 0;
  }

  take(): Key {
    const bytes = this.#bytes;
    let at = this.#at + keyOffset;
    const parts = this.#key.map(({ decode }) => {
      const [start, length] = [at + 4, bytes.readInt32BE(at)];
      at = start + Math.max(0, length);
      return length < 0 ? null : keyText(decode(bytes, start, at));
    });
    this.#at += 1 + bytes.readInt32BE(this.#at + 1);
    return encodeKey(parts);
  }
}

function ours(page: HashPage): PostgresHashPage {
  if (page instanceof PostgresHashPage) return page;
  throw new TypeError('a page of another dialect');
}
