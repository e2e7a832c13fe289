import type { Value } from '../../../protocol/value.ts';
import type { ByteWriter } from '../copy/byte-writer.ts';

/** What stands in parentheses after a type's name. */
export interface TypeModifier {
  /** Of char(n) and varchar(n), in characters. */
  readonly length: number | null;
  /** Of numeric(p, s). */
  readonly scale: number | null;
  /** Digits of a second, of time(p) and timestamp(p). */
  readonly secondDigits: number | null;
}

/** One type's binary form, as its send and recv functions have it (src/backend/utils/adt of PostgreSQL). */
export interface Codec {
  /** The value between two offsets of a field. */
  decode(bytes: Buffer, start: number, end: number): Value;
  /**
   * Appends the binary form of a value that is not null. `stored`: exactly as a column with that modifier would keep
   * it (rounded, padded, normalised); null: the server will do that itself. Throws `NotEncodable`.
   */
  encode(value: Value, out: ByteWriter, stored: TypeModifier | null): void;
}

/** The value is of a kind that the type does not take; the caller knows column and type. Never holds the value. */
export class NotEncodable extends Error {
  readonly kind: string;

  constructor(value: Value) {
    super('value is not encodable');
    this.kind = kindOf(value);
  }
}

export function kindOf(value: Value): string {
  if (value === null) return 'null';
  if (value instanceof Date) return 'Date';
  if (value instanceof Uint8Array) return 'Uint8Array';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'string'
    ? 'string of this form'
    : typeof value === 'number'
      ? 'number of this size'
      : typeof value;
}

/** Reads `numeric(12,2)`, `character varying(20)`, `timestamp(3) with time zone`. */
export function modifierOf(formatType: string): TypeModifier {
  const numbers = /\((-?\d+)(?:,(-?\d+))?\)/.exec(formatType);
  const first = numbers?.[1] === undefined ? null : Number(numbers[1]);
  const second = numbers?.[2] === undefined ? 0 : Number(numbers[2]);
  const isNumeric = formatType.startsWith('numeric');
  const isTime = formatType.startsWith('time');
  return {
    length: isNumeric || isTime ? null : first,
    scale: isNumeric && first !== null ? second : null,
    secondDigits: isTime ? first : null,
  };
}
