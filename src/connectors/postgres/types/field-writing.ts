import type { ByteWriter } from '../copy/byte-writer.ts';
import type { TypeModifier } from './codec.ts';
import type { CodecName } from './codecs.ts';
import type { Field } from './field.ts';
import { microsOfIso } from './iso-moment.ts';
import { writePlainDecimal } from './plain-decimal.ts';
import { decodeInteger, exactDigits } from './text-decoding.ts';

/**
 * Writes the binary form of a value that is there in the text form that its type's output function makes in our sessions, and makes
 * nothing on the way. `stored` as for a codec. False: this one has to be decoded and encoded; nothing is written then.
 */
export type FieldWriter = (field: Field, out: ByteWriter, stored: TypeModifier | null) => boolean;

const writeAsIs: FieldWriter = ({ bytes, start, end }, out) => {
  out.range(bytes, start, end);
  return true;
};

/** A length counts characters, of which there are no more than bytes. */
const writeText: FieldWriter = (field, out, stored) => {
  const most = stored?.length ?? null;
  return (most === null || field.length <= most) && writeAsIs(field, out, stored);
};

const writePadded: FieldWriter = (field, out, stored) => {
  const length = stored?.length ?? null;
  return (length === null || (field.length === length && isAscii(field))) && writeAsIs(field, out, stored);
};

function isAscii({ bytes, start, end }: Field): boolean {
  for (let at = start; at < end; at += 1) if ((bytes[at] ?? 0) >= 0x80) return false;
  return true;
}

const integer = ({ bytes, start, end }: Field): number => decodeInteger(bytes, start, end);

const writeWide: FieldWriter = (field, out) => {
  if (field.length > exactDigits) return false;
  out.wideInteger(integer(field));
  return true;
};

/** Characters of a date whose year has four digits; a blank follows. */
const dateLength = 10;
const space = 0x20;
const letterT = 0x54;
const plus = 0x2b;
/** `+00`: the zone of our sessions. */
const zoneLength = 3;

/** The blank is respelled in place for the time of reading. */
function writeMoment(field: Field, out: ByteWriter, stored: TypeModifier | null): boolean {
  const { bytes, start } = field;
  const gap = start + dateLength;
  if ((stored?.secondDigits ?? 6) < 6 || bytes[gap] !== space) return false;
  bytes[gap] = letterT;
  const micros = microsOfIso(field);
  bytes[gap] = space;
  if (micros === null) return false;
  out.wideInteger(micros);
  return true;
}

const writeZonedMoment: FieldWriter = (field, out, stored) => {
  const { bytes, start, end } = field;
  if (bytes[end - zoneLength] !== plus) return false;
  field.over(bytes, start, end - zoneLength);
  const isWritten = writeMoment(field, out, stored);
  field.over(bytes, start, end);
  return isWritten;
};

const writing =
  (write: (field: Field, out: ByteWriter) => void): FieldWriter =>
  (field, out) => {
    write(field, out);
    return true;
  };

const writers: Partial<Record<CodecName, FieldWriter>> = {
  bool: writing(({ bytes, start }, out) => out.byte(bytes[start] === 0x74 ? 1 : 0)),
  int2: writing((field, out) => out.int16(integer(field))),
  int4: writing((field, out) => out.int32(integer(field))),
  oid: writing((field, out) => out.uint32(integer(field))),
  int8: writeWide,
  numeric: (field, out, stored) => writePlainDecimal(field, out, stored?.scale ?? null),
  text: writeText,
  bpchar: writePadded,
  json: writeAsIs,
  jsonb: writing(({ bytes, start, end }, out) => {
    out.byte(1);
    out.range(bytes, start, end);
  }),
  timestamp: writeMoment,
  timestamptz: writeZonedMoment,
};

/** For a column of which the values are told as one type, and travel as another; null: none. `codec` null: they travel as text. */
export function fieldWriter(told: string, codec: CodecName | null): FieldWriter | null {
  if (codec === null) return told === 'text' ? writeAsIs : null;
  return told === codec ? (writers[codec] ?? null) : null;
}
