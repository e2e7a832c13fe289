import type { Value } from '../../../protocol/value.ts';
import { type Codec, NotEncodable } from './codec.ts';
import { scalarText, textCodec } from './text-codecs.ts';

/** For types without a binary form of ours: PostgreSQL's own text, which the server makes and reads. */
export const textTransport: Codec = {
  decode: textCodec.decode,
  encode: (value, out) => textCodec.encode(Array.isArray(value) ? arrayText(value) : value, out, null),
};

/** An array as PostgreSQL reads it: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function arrayText(items: readonly Value[]): string {
  return `{${items.map(itemText).join(',')}}`;
}

function itemText(item: Value): string {
  if (item === null) return 'NULL';
  if (Array.isArray(item)) return arrayText(item);
  if (item instanceof Uint8Array) return `"\\\\x${Buffer.from(item).toString('hex')}"`;
  if (typeof item === 'object' && !(item instanceof Date)) throw new NotEncodable(item);
  return `"${scalarText(item).replaceAll(/["\\]/g, '\\$&')}"`;
}
