/** What plain numbers and moments are read from: a string, or a field that no string is made of. */
export interface Characters {
  readonly length: number;
  charCodeAt(at: number): number;
}

/** A field of a message. Made once and moved over one field after the other. */
export class Field implements Characters {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;

  over(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** Of a field in ASCII. */
  charCodeAt(at: number): number {
    return this.bytes[this.start + at] ?? 0;
  }
}
