const leastBytes = 64 * 1024;
const mostBytes = 512 * 1024;
const mostSpares = 4;

/** What follows is about as long, and a little more: twice as much would be for nothing, and for the garbage collector to look after. */
const nextBytes = (taken: number): number => Math.max(leastBytes, Math.min(taken + (taken >> 3), mostBytes));

/** Up to here it is quicker to copy byte by byte than to call for it. */
const shortRange = 24;

/** A buffer that grows while it is written. */
export class ByteWriter {
  bytes: Buffer;
  /** Where the next byte goes. */
  at = 0;
  readonly #spares: Buffer[] = [];

  constructor(firstBytes: number = leastBytes) {
    this.bytes = Buffer.allocUnsafeSlow(firstBytes);
  }

  /** Makes room; `bytes` may be another buffer afterwards. */
  ensure(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.at + count));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }

  byte(value: number): void {
    this.ensure(1);
    this.bytes[this.at] = value;
    this.at += 1;
  }

  int16(value: number): void {
    this.ensure(2);
    this.at = this.bytes.writeInt16BE(value, this.at);
  }

  int32(value: number): void {
    this.ensure(4);
    this.at = this.bytes.writeInt32BE(value, this.at);
  }

  uint32(value: number): void {
    this.ensure(4);
    this.at = this.bytes.writeUInt32BE(value, this.at);
  }

  int64(value: bigint): void {
    this.ensure(8);
    this.at = this.bytes.writeBigInt64BE(value, this.at);
  }

  /** An int64 that is exact as a number. */
  wideInteger(value: number): void {
    this.ensure(8);
    const high = Math.floor(value / 0x1_0000_0000);
    this.at = this.bytes.writeInt32BE(high, this.at);
    this.at = this.bytes.writeUInt32BE(value - high * 0x1_0000_0000, this.at);
  }

  float32(value: number): void {
    this.ensure(4);
    this.at = this.bytes.writeFloatBE(value, this.at);
  }

  float64(value: number): void {
    this.ensure(8);
    this.at = this.bytes.writeDoubleBE(value, this.at);
  }

  text(value: string): void {
    this.ensure(value.length * 3);
    this.at += this.bytes.write(value, this.at, 'utf8');
  }

  raw(bytes: Uint8Array): void {
    this.ensure(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  range(from: Buffer, start: number, end: number): void {
    this.ensure(end - start);
    if (end - start > shortRange) {
      this.at += from.copy(this.bytes, this.at, start, end);
      return;
    }
    const { bytes } = this;
    for (let at = start; at < end; at += 1, this.at += 1) bytes[this.at] = from[at] ?? 0;
  }

  /** What was written; the writer is empty afterwards and no longer holds it. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.at);
    this.bytes = this.#spares.pop() ?? Buffer.allocUnsafeSlow(nextBytes(taken.length));
    this.at = 0;
    return taken;
  }

  /** What was taken before is looked at by nobody any more, and is written into again. */
  giveBack({ buffer }: Buffer): void {
    const isUsual = buffer.byteLength >= leastBytes && buffer.byteLength <= 2 * mostBytes;
    if (isUsual && this.#spares.length < mostSpares) this.#spares.push(Buffer.from(buffer));
  }
}
