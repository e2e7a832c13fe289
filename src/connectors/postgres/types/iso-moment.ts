import { daysOf } from './calendar.ts';
import type { Characters } from './field.ts';

const secondsPerDay = 86_400;
const zero = 0x30;
/** Of `2026-01-02T03:04:05`. */
const wholeSeconds = 19;
const separators: readonly (readonly [at: number, code: number])[] = [
  [4, 0x2d],
  [7, 0x2d],
  [10, 0x54],
  [13, 0x3a],
  [16, 0x3a],
];
const dot = 0x2e;
const zulu = 0x5a;
const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Microseconds since 2000-01-01 of a moment in the usual spelling, `2026-01-02T03:04:05.123456` with or without Z, without making anything
 * on the way. Null: it is spelled otherwise, or is none, or is not exact as a number.
 */
export function microsOfIso(text: Characters): number | null {
  for (const [at, code] of separators) if (text.charCodeAt(at) !== code) return null;
  const days = daysAt(text);
  const seconds = secondsAt(text);
  const fraction = fractionAt(
    text,
    text.charCodeAt(text.length - 1) === zulu ? text.length - 1 : text.length,
  );
  if (days === null || seconds === null || fraction === null) return null;
  const micros = (days * secondsPerDay + seconds) * 1_000_000 + fraction;
  return Number.isSafeInteger(micros) ? micros : null;
}

function daysAt(text: Characters): number | null {
  const year = number(text, 0, 4);
  const month = number(text, 5, 7);
  const day = number(text, 8, 10);
  if (!(year > 0) || !(month >= 1 && month <= 12)) return null;
  const leap = month === 2 && isLeap(year) ? 1 : 0;
  if (!(day >= 1 && day <= (daysOfMonth[month - 1] ?? 0) + leap)) return null;
  return daysOf({ year, month, day });
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

function secondsAt(text: Characters): number | null {
  const hours = number(text, 11, 13);
  const minutes = number(text, 14, 16);
  const seconds = number(text, 17, wholeSeconds);
  return hours < 24 && minutes < 60 && seconds < 60 ? hours * 3600 + minutes * 60 + seconds : null;
}

/** As microseconds; nothing is rounded here. */
function fractionAt(text: Characters, end: number): number | null {
  if (end === wholeSeconds) return 0;
  const digits = end - wholeSeconds - 1;
  if (text.charCodeAt(wholeSeconds) !== dot || digits < 1 || digits > 6) return null;
  const fraction = number(text, wholeSeconds + 1, end) * 10 ** (6 - digits);
  return Number.isNaN(fraction) ? null : fraction;
}

/** NaN: not only digits. */
function number(text: Characters, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = text.charCodeAt(at) - zero;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}
