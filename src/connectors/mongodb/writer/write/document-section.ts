/**
 * Documents of a command as they travel: a section of an OP_MSG (kind 1,
 * https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/#kind-1--document-sequence), written in place into memory that serves one
 * command after the other. Pieces of each batch's own were copied together once more, and megabytes that come and go make collections.
 */
export class DocumentSection {
  readonly field: string;
  readonly #usual: Buffer;
  readonly #begin: number;
  #bytes: Buffer;
  #end: number;

  /** `roomBytes`: for documents, as a rule. One may be larger by itself. */
  constructor(field: string, roomBytes: number) {
    this.field = field;
    const name = Buffer.from(`${field}\0`);
    this.#begin = nameAt + name.length;
    this.#usual = Buffer.allocUnsafeSlow(this.#begin + roomBytes);
    this.#usual[0] = kind;
    this.#usual.set(name, nameAt);
    this.#bytes = this.#usual;
    this.#end = this.#begin;
  }

  /** Some that lie one after the other; they are copied. */
  add(documents: Uint8Array): void {
    const end = this.#end + documents.length;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(end);
      larger.set(this.#bytes.subarray(0, this.#end));
      this.#bytes = larger;
    }
    this.#bytes.set(documents, this.#end);
    this.#end = end;
  }

  clear(): void {
    this.#bytes = this.#usual;
    this.#end = this.#begin;
  }

  get documents(): Uint8Array {
    return this.#bytes.subarray(this.#begin, this.#end);
  }

  /** With the head. The length counts itself, but not the kind. */
  get bytes(): Uint8Array {
    this.#bytes.writeInt32LE(this.#end - lengthAt, lengthAt);
    return this.#bytes.subarray(0, this.#end);
  }
}

const kind = 1;
const lengthAt = 1;
const nameAt = 5;
