import type { ByteWriter } from '../copy/byte-writer.ts';
import type { Characters } from './field.ts';

const plus = 0x2b;
const minus = 0x2d;
const dot = 0x2e;
const zero = 0x30;
const negative = 0x4000;
const digitsPerGroup = 4;
const headerBytes = 8;

/**
 * Writes digits, with or without sign and point, as numeric_send does, and makes nothing on the way: nearly all numbers are spelled so.
 * False: it is spelled otherwise, or has more than `scale` digits behind the point and must be rounded; nothing is written then.
 */
export function writePlainDecimal(text: Characters, out: ByteWriter, scale: number | null): boolean {
  const sign = text.charCodeAt(0);
  const start = sign === minus || sign === plus ? 1 : 0;
  const point = endOfDigits(text, start);
  const end = text.charCodeAt(point) === dot ? endOfDigits(text, point + 1) : point;
  const shown = Math.max(0, end - point - 1);
  const count = point - start + shown;
  if (end !== text.length || count === 0 || (scale !== null && shown > scale)) return false;
  const header = out.at;
  out.ensure(headerBytes + count + 2 * digitsPerGroup);
  out.at += headerBytes;
  places.start = start;
  places.point = point;
  places.end = end;
  const weight = writeGroups(text, places, out);
  const groups = (out.at - header - headerBytes) / 2;
  const { at } = out;
  out.at = header;
  out.int16(groups);
  out.int16(groups === 0 ? 0 : weight);
  out.int16(groups > 0 && sign === minus ? negative : 0);
  out.int16(scale ?? shown);
  out.at = at;
  return true;
}

interface Places {
  start: number;
  point: number;
  end: number;
}

/** Of the number that is being written: made once. */
const places: Places = { start: 0, point: 0, end: 0 };

/** Without zeros before and behind. Returns which power of 10000 the first one counts. */
function writeGroups(text: Characters, { start, point, end }: Readonly<Places>, out: ByteWriter): number {
  const whole = Math.ceil((point - start) / digitsPerGroup);
  let weight = 0;
  let first = true;
  let last = out.at;
  for (let group = 0; group < whole; group += 1) {
    const to = point - (whole - 1 - group) * digitsPerGroup;
    const value = digits(text, Math.max(start, to - digitsPerGroup), to);
    if (first && value === 0) continue;
    if (first) weight = whole - 1 - group;
    first = false;
    out.int16(value);
    if (value !== 0) last = out.at;
  }
  for (let from = point + 1, power = -1; from < end; from += digitsPerGroup, power -= 1) {
    const to = Math.min(end, from + digitsPerGroup);
    const value = digits(text, from, to) * (powersOfTen[digitsPerGroup - (to - from)] ?? 1);
    if (first && value === 0) continue;
    if (first) weight = power;
    first = false;
    out.int16(value);
    if (value !== 0) last = out.at;
  }
  out.at = last;
  return weight;
}

const powersOfTen = [1, 10, 100, 1000];

function endOfDigits(text: Characters, from: number): number {
  let at = from;
  for (; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - zero;
    if (digit < 0 || digit > 9) break;
  }
  return at;
}

function digits(text: Characters, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) value = value * 10 + text.charCodeAt(at) - zero;
  return value;
}
