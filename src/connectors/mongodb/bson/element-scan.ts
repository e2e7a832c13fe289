import { type Element, endOfName, int32At, valueLength } from './layout.ts';
import { isAt, textAt } from './short-text.ts';

/** The name of a field as it stands in a document, with the zero behind it. */
export type FieldName = Uint8Array;

export const fieldName = (name: string): FieldName => Buffer.from(`${name}\0`);

/**
 * Goes through the elements of a document, which begins at `from`, and says where each lies. Nothing is made of one before somebody asks:
 * most are looked at and passed over.
 */
export class ElementScan {
  readonly bytes: Uint8Array;
  type = 0;
  /** Where the name begins, and the value: places in `bytes`. */
  nameAt = 0;
  valueAt = 0;
  /** Where the value ends. */
  valueEnd: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, from = 0) {
    this.bytes = bytes;
    this.valueEnd = from + 4;
    this.#end = from + int32At(bytes, from) - 1;
  }

  /** To the next element; false: there is none. */
  next(): boolean {
    const { bytes, valueEnd: at } = this;
    if (at >= this.#end) return false;
    this.type = bytes[at] ?? 0;
    this.nameAt = at + 1;
    this.valueAt = endOfName(bytes, this.nameAt) + 1;
    this.valueEnd = this.valueAt + valueLength(bytes, this.type, this.valueAt);
    return true;
  }

  isNamed(name: FieldName): boolean {
    return isAt(name, this.bytes, this.nameAt);
  }

  get name(): string {
    return textAt(this.bytes, this.nameAt, this.valueAt - 1);
  }

  /** A view, not a copy. */
  get value(): Uint8Array {
    const { bytes, valueAt, valueEnd } = this;
    return new Uint8Array(bytes.buffer, bytes.byteOffset + valueAt, valueEnd - valueAt);
  }

  get element(): Element {
    return { type: this.type, name: this.name, value: this.value };
  }

  /** Of a value that is a text. */
  get text(): string {
    return textAt(this.bytes, this.valueAt + 4, this.valueEnd - 1);
  }
}
