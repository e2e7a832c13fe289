export const nullField = -1;
/** A large value that the update did not touch and that the log therefore lacks. */
export const unchangedField = -2;

/** It lies beyond what was kept of a message that is too large. */
export const cutField = -3;

const kindNull = 0x6e; // 'n'
const kindUnchanged = 0x75; // 'u'

/** Where the fields of one TupleData are. Made once and filled again for each message: nothing is allocated per row. */
export class Tuple {
  starts = new Int32Array(64);
  /** Or `nullField`, or `unchangedField`. */
  lengths = new Int32Array(64);
  count = 0;
  /** Where it begins. */
  at = 0;
  /** Some field is `unchangedField`. */
  lacks = false;

  /** https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html, TupleData. Returns the offset behind it. */
  scan(bytes: Buffer, start: number): number {
    const count = bytes.readInt16BE(start);
    if (count > this.starts.length) this.#grow(count);
    this.count = count;
    this.at = start;
    this.lacks = false;
    let at = start + 2;
    for (let index = 0; index < count; index += 1) {
      const kind = bytes[at];
      at += 1;
      if (kind === kindNull || kind === kindUnchanged) {
        this.lengths[index] = kind === kindNull ? nullField : unchangedField;
        if (kind === kindUnchanged) this.lacks = true;
        continue;
      }
      const length = bytes.readInt32BE(at);
      this.starts[index] = at + 4;
      this.lengths[index] = length;
      at += 4 + length;
    }
    return at;
  }

  /** Of a message that was cut off at `end`: fields that are not all there are `cutField`. Null: the tuple is not all there. */
  scanHead(bytes: Buffer, start: number, end: number): number | null {
    const count = start + 2 > end ? 0 : bytes.readInt16BE(start);
    if (count > this.starts.length) this.#grow(count);
    this.count = count;
    this.lengths.fill(cutField);
    let at = start + 2;
    for (let index = 0; index < count; index += 1) {
      if (at >= end) return null;
      const hasNoValue = bytes[at] === kindNull || bytes[at] === kindUnchanged;
      if (!hasNoValue && at + 5 > end) return null;
      const length = hasNoValue ? 0 : bytes.readInt32BE(at + 1);
      const next = at + (hasNoValue ? 1 : 5 + length);
      if (next > end) return null;
      this.starts[index] = at + 5;
      this.lengths[index] = hasNoValue ? (bytes[at] === kindNull ? nullField : unchangedField) : length;
      at = next;
    }
    return start + 2 > end ? null : at;
  }

  #grow(count: number): void {
    this.starts = new Int32Array(count * 2);
    this.lengths = new Int32Array(count * 2);
  }
}
