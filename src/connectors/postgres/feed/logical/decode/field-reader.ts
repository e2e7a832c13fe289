/** Reads the fields of one message in turn. For messages that are rare; rows have `Tuple`. */
export class FieldReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  byte(): number {
    const value = this.#bytes[this.#at] ?? 0;
    this.#at += 1;
    return value;
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  uint32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  uint64(): bigint {
    this.#at += 8;
    return this.#bytes.readBigUInt64BE(this.#at - 8);
  }

  /** Microseconds since 2000-01-01 as milliseconds since 1970. */
  time(): number {
    this.#at += 8;
    return timeAt(this.#bytes, this.#at - 8);
  }

  /** Up to a zero byte. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    const value = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return value;
  }
}

const epochMs = 946_684_800_000;

/** Milliseconds, with a fraction: the clock's microseconds are not thrown away. */
export function timeAt(bytes: Buffer, at: number): number {
  const micros = bytes.readInt32BE(at) * 4_294_967_296 + bytes.readUInt32BE(at + 4);
  return epochMs + micros / 1000;
}

export function timeBytes(epochMilliseconds: number): bigint {
  return BigInt(Math.round((epochMilliseconds - epochMs) * 1000));
}
