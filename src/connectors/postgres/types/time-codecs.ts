import type { Value } from '../../../protocol/value.ts';
import type { ByteWriter } from '../copy/byte-writer.ts';
import { dateText, daysOf, eraOf, twoDigits } from './calendar.ts';
import { type Codec, NotEncodable, type TypeModifier } from './codec.ts';
import { microsOfIso } from './iso-moment.ts';

/*
 * date: int32 days since 2000-01-01. timestamp(tz): int64 microseconds since 2000-01-01 (UTC). time: int64
 * microseconds. timetz: the same and int32 seconds west of UTC. The extreme integers mean infinity.
 */
const dayMicros = 86_400_000_000;
const unixEpochMicros = 946_684_800_000_000;
const infinityDays = 0x7fffffff;
const minusInfinityDays = -0x80000000;
const infinityMicros = 0x7fffffffffffffffn;
const minusInfinityMicros = -0x8000000000000000n;

export const dateCodec: Codec = {
  decode: (bytes, start) => {
    const days = bytes.readInt32BE(start);
    if (days === infinityDays) return 'infinity';
    return days === minusInfinityDays ? '-infinity' : dateText(days) + eraOf(days);
  },
  encode: (value, out) => out.int32(toDays(value)),
};

export const timestampCodec: Codec = {
  decode: (bytes, start) => timestampText(bytes, start, ''),
  encode: (value, out, stored) => writeMoment(value, out, { zoned: false, stored }),
};

export const timestamptzCodec: Codec = {
  decode: (bytes, start) => timestampText(bytes, start, 'Z'),
  encode: (value, out, stored) => writeMoment(value, out, { zoned: true, stored }),
};

export const timeCodec: Codec = {
  decode: (bytes, start) => timeText(Number(bytes.readBigInt64BE(start))),
  encode: (value, out, stored) => writeMicros({ days: 0, micros: parseTime(value).micros }, out, stored),
};

export const timetzCodec: Codec = {
  decode: (bytes, start) =>
    timeText(Number(bytes.readBigInt64BE(start))) + zoneText(-bytes.readInt32BE(start + 8)),
  encode: (value, out, stored) => {
    const { micros, zoneSeconds } = parseTime(value);
    writeMicros({ days: 0, micros }, out, stored);
    out.int32(zoneSeconds === 0 ? 0 : -zoneSeconds);
  },
};

/** Days and the microseconds of a day, because their sum may be above 2^53. */
interface Moment {
  readonly days: number;
  readonly micros: number;
}
type TimestampValue = Moment | 'infinity' | '-infinity';

function timestampText(bytes: Buffer, start: number, zone: string): string {
  const total = bytes.readInt32BE(start) * 4_294_967_296 + bytes.readUInt32BE(start + 4);
  if (!Number.isSafeInteger(total)) return wideTimestampText(bytes.readBigInt64BE(start), zone);
  const days = Math.floor(total / dayMicros);
  return momentText({ days, micros: total - days * dayMicros }, zone);
}

function wideTimestampText(total: bigint, zone: string): string {
  if (total === infinityMicros) return 'infinity';
  if (total === minusInfinityMicros) return '-infinity';
  const micros = Number(
    BigInt.asUintN(64, ((total % BigInt(dayMicros)) + BigInt(dayMicros)) % BigInt(dayMicros)),
  );
  return momentText({ days: Number((total - BigInt(micros)) / BigInt(dayMicros)), micros }, zone);
}

const momentText = ({ days, micros }: Moment, zone: string): string =>
  `${dateText(days)}T${timeText(micros)}${zone}${eraOf(days)}`;

function timeText(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const fraction = micros - seconds * 1_000_000;
  const minutes = Math.floor(seconds / 60);
  const text = `${twoDigits[Math.floor(minutes / 60)]}:${twoDigits[minutes % 60]}:${twoDigits[seconds % 60]}`;
  return fraction === 0 ? text : `${text}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
}

function zoneText(seconds: number): string {
  const size = Math.abs(seconds);
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60];
  const shown = parts[2] !== 0 ? 3 : parts[1] !== 0 ? 2 : 1;
  const text = parts.slice(0, shown).map((part) => twoDigits[part]);
  return (seconds < 0 ? '-' : '+') + text.join(':');
}

const datePattern = /^(\d{1,7})-(\d{1,2})-(\d{1,2})(.*?)( BC)?$/;
const timePattern =
  /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,12}))?)?\s*(Z|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)?$/;

function toDays(value: Value): number {
  if (value === 'infinity') return infinityDays;
  if (value === '-infinity') return minusInfinityDays;
  if (value instanceof Date) return Math.floor((dateMicros(value) - unixEpochMicros) / dayMicros);
  const { days, rest } = parseDate(value);
  if (rest !== '' && !timePattern.test(rest.trimStart().replace(/^T/, ''))) throw new NotEncodable(value);
  return days;
}

function toMicros(value: Value, zoned: boolean): TimestampValue {
  if (value === 'infinity' || value === '-infinity') return value;
  if (value instanceof Date) return { days: 0, micros: dateMicros(value) - unixEpochMicros };
  const { days, rest } = parseDate(value);
  const clock = rest.replace(/^[T ]/, '');
  if (clock === '') return { days, micros: 0 };
  const { micros, zoneSeconds } = parseTime(clock);
  // A time without a zone ignores one, as PostgreSQL does; with a zone, the session's is UTC.
  return { days, micros: zoned ? micros - zoneSeconds * 1_000_000 : micros };
}

function dateMicros(value: Date): number {
  const micros = value.getTime() * 1000;
  if (Number.isNaN(micros)) throw new NotEncodable(value);
  return micros;
}

function parseDate(value: Value): { readonly days: number; readonly rest: string } {
  const match = typeof value === 'string' ? datePattern.exec(value) : null;
  if (match === null) throw new NotEncodable(value);
  const [, yearText, month, day, rest = '', era] = match;
  const year = era === undefined ? Number(yearText) : 1 - Number(yearText);
  const isReal = Number(yearText) > 0 && isDay(year, Number(month), Number(day));
  if (!isReal) throw new NotEncodable(value);
  return { days: daysOf({ year, month: Number(month), day: Number(day) }), rest };
}

function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1 || day > 31) return false;
  const next = month === 12 ? { year: year + 1, month: 1, day: 1 } : { year, month: month + 1, day: 1 };
  return daysOf({ year, month, day }) < daysOf(next);
}

function parseTime(value: Value): { readonly micros: number; readonly zoneSeconds: number } {
  const match = typeof value === 'string' ? timePattern.exec(value) : null;
  if (match === null) throw new NotEncodable(value);
  const [, hours, minutes, seconds = '0', fraction = '0', zone = 'Z'] = match;
  const whole = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  const micros = whole * 1_000_000 + Math.round(Number(`0.${fraction}`) * 1_000_000);
  if (Number(minutes) > 59 || Number(seconds) > 60 || micros > dayMicros) throw new NotEncodable(value);
  return { micros, zoneSeconds: zoneOf(zone) };
}

function zoneOf(zone: string): number {
  if (zone === 'Z') return 0;
  const digits = zone.replaceAll(/[^\d]/g, '').padEnd(6, '0');
  const size =
    Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2, 4)) * 60 + Number(digits.slice(4, 6));
  return zone.startsWith('-') ? -size : size;
}

/** Most come in one spelling, and all of their digits are kept. */
function writeMoment(
  value: Value,
  out: ByteWriter,
  { zoned, stored }: { readonly zoned: boolean; readonly stored: TypeModifier | null },
): void {
  const isKept = (stored?.secondDigits ?? 6) >= 6;
  const micros = isKept && typeof value === 'string' ? microsOfIso(value) : null;
  if (micros === null) writeMicros(toMicros(value, zoned), out, stored);
  else out.wideInteger(micros);
}

function writeMicros(moment: TimestampValue, out: ByteWriter, stored: TypeModifier | null): void {
  out.int64(storedMicros(moment, stored?.secondDigits ?? 6));
}

function storedMicros(moment: TimestampValue, digits: number): bigint {
  if (moment === 'infinity') return infinityMicros;
  if (moment === '-infinity') return minusInfinityMicros;
  const total = moment.days * dayMicros + moment.micros;
  const isExact = Number.isSafeInteger(total);
  const micros = isExact ? BigInt(total) : BigInt(moment.days) * BigInt(dayMicros) + BigInt(moment.micros);
  return digits >= 6 ? micros : roundMicros(micros, 10n ** BigInt(6 - digits));
}

/** Half away from the year 2000, as AdjustTimestampForTypmod does. */
function roundMicros(total: bigint, unit: bigint): bigint {
  const half = unit / 2n;
  return total >= 0n ? ((total + half) / unit) * unit : -(((-total + half) / unit) * unit);
}
