import type { Value } from '../../../protocol/value.ts';
import type { ByteWriter } from '../copy/byte-writer.ts';
import { type Codec, NotEncodable, type TypeModifier } from './codec.ts';
import { writePlainDecimal } from './plain-decimal.ts';

/*
 * numeric_send: int16 ndigits, weight, sign, dscale, then ndigits base-10000 digits, the first of which counts
 * 10000^weight. `dscale` is how many decimal digits are shown, so 1.0 and 1.00 are different values here.
 */
const negative = 0x4000;
const nan = 0xc000;
/** Bits of the header of an infinity that numeric_send takes for a scale. */
const infinityScale = 0x20;
const specials: ReadonlyMap<number, string> = new Map([
  [nan, 'NaN'],
  [0xd000, 'Infinity'],
  [0xf000, '-Infinity'],
]);

const specialsByName: ReadonlyMap<string, number> = new Map(
  [...specials].map(([sign, name]) => [name, sign]),
);

const padded: readonly string[] = Array.from({ length: 10_000 }, (_, digit) =>
  String(digit).padStart(4, '0'),
);

export const numericCodec: Codec = {
  decode: (bytes, start) => decodeNumeric(bytes, start),
  encode: (value, out, stored) => encodeNumeric(value, out, stored),
};

function decodeNumeric(bytes: Buffer, start: number): string {
  const sign = bytes.readUInt16BE(start + 4);
  if (sign > negative) return specials.get(sign) ?? 'NaN';
  const count = bytes.readInt16BE(start);
  const weight = bytes.readInt16BE(start + 2);
  const scale = bytes.readInt16BE(start + 6);
  const digit = (index: number): number =>
    index < 0 || index >= count ? 0 : bytes.readInt16BE(start + 8 + index * 2);
  let text = weight < 0 ? '0' : String(digit(0));
  for (let index = 1; index <= weight; index += 1) text += padded[digit(index)];
  if (scale > 0) {
    let fraction = '';
    for (let index = weight + 1; fraction.length < scale; index += 1) fraction += padded[digit(index)];
    text += `.${fraction.slice(0, scale)}`;
  }
  return sign === negative ? `-${text}` : text;
}

interface Decimal {
  readonly negative: boolean;
  readonly integer: string;
  readonly fraction: string;
}

function encodeNumeric(value: Value, out: ByteWriter, stored: TypeModifier | null): void {
  const text = numericText(value);
  if (writePlainDecimal(text, out, stored?.scale ?? null)) return;
  const special = specialsByName.get(text);
  if (special !== undefined) {
    out.uint32(0);
    out.uint32(special * 65_536 + (special === nan ? 0 : infinityScale));
    return;
  }
  const exact = parseDecimal(text, value);
  const decimal = stored === null || stored.scale === null ? exact : roundDecimal(exact, stored.scale);
  writeDecimal(decimal, out);
}

function numericText(value: Value): string {
  if (typeof value === 'string') return value.trim();
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  throw new NotEncodable(value);
}

/** Reads a decimal with an optional exponent into digits before and after the point. */
function parseDecimal(text: string, value: Value): Decimal {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?$/.exec(text);
  const [, sign = '', integer = '', fraction = '', exponent = '0'] = match ?? [];
  if (match === null || integer.length + fraction.length === 0) throw new NotEncodable(value);
  const shift = Number(exponent);
  if (Math.abs(shift) > 131_072) throw new NotEncodable(value);
  return { negative: sign === '-', ...shifted(integer, fraction, shift) };
}

function shifted(integer: string, fraction: string, shift: number): { integer: string; fraction: string } {
  if (shift >= 0) {
    const moved = fraction.slice(0, shift).padEnd(shift, '0');
    return { integer: integer + moved, fraction: fraction.slice(shift) };
  }
  const digits = integer.padStart(-shift, '0');
  const cut = digits.length + shift;
  return { integer: digits.slice(0, cut), fraction: digits.slice(cut) + fraction };
}

/** Half away from zero, as numeric_round does; a negative scale rounds before the point. */
export function roundDecimal({ negative: isNegative, integer, fraction }: Decimal, scale: number): Decimal {
  const digits = integer + fraction;
  const keep = integer.length + scale;
  const kept = BigInt(digits.slice(0, Math.max(0, keep)) || '0');
  const up = keep >= 0 && Number(digits[keep] ?? '0') >= 5 ? 1n : 0n;
  const rounded = (kept + up) * 10n ** BigInt(Math.max(0, keep - digits.length, -scale));
  const shown = Math.max(0, scale);
  const text = rounded.toString().padStart(shown + 1, '0');
  const point = text.length - shown;
  return { negative: isNegative, integer: text.slice(0, point), fraction: text.slice(point) };
}

function writeDecimal({ negative: isNegative, integer, fraction }: Decimal, out: ByteWriter): void {
  const whole = integer.padStart(Math.ceil(integer.length / 4) * 4, '0');
  const part = fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0');
  const digits = whole + part;
  let first = 0;
  let end = digits.length / 4;
  while (first < end && digits.startsWith('0000', first * 4)) first += 1;
  while (end > first && digits.startsWith('0000', (end - 1) * 4)) end -= 1;
  const isZero = first === end;
  out.int16(end - first);
  out.int16(isZero ? 0 : whole.length / 4 - 1 - first);
  out.int16(isNegative && !isZero ? negative : 0);
  out.int16(fraction.length);
  for (let index = first; index < end; index += 1) out.int16(Number(digits.slice(index * 4, index * 4 + 4)));
}
